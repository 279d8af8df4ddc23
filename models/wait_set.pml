/* wait_set.pml: the bits of a set on one level or two, the context its waiters sleep on, and who is told of what.
 *
 * Owns a copy of src/watch/ready_bitmap.cpp and src/watch/set_wait.cpp: SET_BITS, SET_MARK, SET_TOP, SET_SLEEP, BATON.
 * With TWO_LEVELS each member has a word of its own below, and `top` has a bit for each word; else both bits are in the
 * one word that is the top. Only the order of steps is modelled, not what memory may show late: that is the explorer's.
 * Invariants: nobody sleeps beside a ready member; when nobody is in a call every bit says what is below it and, while
 * anybody is interested, the context says what the top says; units are conserved.
 */
#ifndef WRITERS
#define WRITERS 1 /* of each member */
#endif
#ifndef WRITES
#define WRITES 1 /* of each writer */
#endif
/* ONE_WRITER: of the first member alone; with BOTH, of the second one and then the first. FAR_READER: of the second. */
#ifndef READERS
#define READERS 0 /* direct ones, of each member */
#endif
#ifndef WAITERS
#define WAITERS 1
#endif
#ifndef LEAVERS
#define LEAVERS 0 /* of the waiters: those with a deadline */
#endif
#define MEMBERS 2
#define NONE 0
#define FIRST 1
#define LAST 2

bool no_lost_wakeup = true, true_at_rest = true, conservation = true, context_true = true;

byte count[MEMBERS], given[MEMBERS], taken[MEMBERS];
byte low[MEMBERS]; /* with TWO_LEVELS: the words below, of one bit each */
byte top;          /* a bit for each word, or for each member */
byte interested, signals;
byte asleep;

#define BIT(m) (1 << (m))
#define OTHERS(m) (3 - (1 << (m)))

inline set_top(m) {
    atomic { old = top; top = top | BIT(m); if :: old == 0 -> change = FIRST :: else fi; old = 0 }
}

/* The word below was seen empty. */
inline tidy(m) {
#ifdef TWO_LEVELS
    do
    :: atomic { top = top & OTHERS(m); emptied = (top == 0) }; /* SET_BITS, clear */
        if
#ifdef BROKEN_unmarker_does_not_look
        :: false
#else
        :: low[m] != 0 ->
            set_top(m);
#ifdef BROKEN_set_again_without_a_look
            break
#else
            if :: low[m] != 0 -> break :: else fi
#endif
#endif
        :: else ->
            if :: emptied -> change = LAST :: else fi;
            break
        fi
    od;
    emptied = false
#else
    skip
#endif
}

inline mark(m) {
#ifdef TWO_LEVELS
    atomic { was = (low[m] != 0); low[m] = 1 };
    if :: !was -> set_top(m) :: else fi;
    was = false
#else
    set_top(m)
#endif
}

inline unmark(m) {
#ifdef TWO_LEVELS
    low[m] = 0;
    tidy(m)
#else
    atomic { top = top & OTHERS(m); if :: top == 0 -> change = LAST :: else fi }
#endif
}

/* SET_TOP: the context says what the top says. */
inline follow(wanted) {
    anything = wanted;
    do
    :: if :: anything -> signals++ :: else -> signals = 0 fi;
#ifdef BROKEN_context_without_a_look
        break
#else
        if :: (top != 0) == anything -> break :: else -> anything = !anything fi
#endif
    od;
    anything = false
}

inline changed() {
    if :: change != NONE && interested > 0 -> follow(change == FIRST) :: else fi;
    change = NONE
}

inline settle(m) {
    do
    :: unmark(m); changed();
#ifdef BROKEN_settle_without_a_look
        break
#else
        if :: count[m] == 0 -> break :: else fi;
        mark(m); changed();
#ifdef BROKEN_marked_again_without_a_look
        break
#else
        if :: count[m] > 0 -> break :: else fi
#endif
#endif
    od
}

inline told(m, added) {
    if :: added -> mark(m); changed() :: else fi;
#ifdef BROKEN_told_without_a_look
    if :: !added && count[m] == 0 -> settle(m) :: else fi
#else
    if :: count[m] == 0 -> settle(m) :: else fi
#endif
}

inline take(m) {
    atomic { got = (count[m] > 0); taken[m] = taken[m] + count[m]; count[m] = 0 };
    if :: got -> told(m, false) :: else fi
}

/* Takes from one member, whichever the turn is at; `got` says whether. From the top down, unless BROKEN. */
inline attempt() {
    got = false;
    do
    ::
#ifdef BROKEN_climbs_from_the_beginning
        below = low[0];
        if
        :: below != 0 -> at = 0
        :: else -> if :: (top & BIT(1)) != 0 -> at = 1 :: else -> below = 0; break fi
        fi;
        below = 0;
#else
        atomic {
            if
            :: top == 0 -> break
            :: (top & BIT(0)) != 0 -> at = 0
            :: (top & BIT(1)) != 0 -> at = 1
            fi
        };
#endif
#ifdef TWO_LEVELS
        if
        :: low[at] == 0 -> tidy(at); changed()
        :: else ->
            take(at);
            if :: got -> break :: else -> settle(at) fi
        fi
#else
        take(at);
        if :: got -> break :: else -> settle(at) fi
#endif
    od;
    at = 0
}

proctype writer(byte m) {
    byte writes, old, change;
    bool was, emptied, anything;
    do
    :: writes == WRITES -> break
    :: else ->
#ifdef BOTH
        m = 1 - writes;
#endif
        writes++;
        atomic { count[m]++; given[m]++ };
        told(m, true)
    od
}

proctype reader(byte m) {
    byte old, change;
    bool was, emptied, anything, got;
    take(m)
}

/* Nobody is ready any more: wants a unit, or leaves when its time is over. */
proctype waiter(bool may_leave) {
    byte old, change, at, below;
    bool was, emptied, anything, got, left;
#ifdef BROKEN_interest_after_the_look
    attempt();
    if :: got -> goto done :: else fi;
    interested++;
#else
    interested++;
#endif
    do
    ::
#ifndef BROKEN_interest_after_the_look
        if :: top != 0 -> attempt(); if :: got -> break :: else fi :: else fi; /* SET_SLEEP, look */
#endif
        asleep++;
end_asleep:
        if
        :: atomic { signals > 0 -> signals = 0; asleep-- }
        :: atomic { may_leave -> left = true; asleep-- }
        fi;
        attempt();
#ifndef BROKEN_no_baton
        if :: top != 0 -> follow(true) :: else fi; /* BATON */
#endif
        if :: got || left -> break :: else fi
    od;
    interested--;
done:
    skip
}

/* Runs when nobody else can. */
proctype judge() {
    byte m;
    timeout;
    assert(no_lost_wakeup && (asleep == 0 || count[0] + count[1] == 0));
    for (m : 0 .. MEMBERS - 1) {
        assert(conservation && given[m] == taken[m] + count[m]);
#ifdef TWO_LEVELS
        assert(true_at_rest && (low[m] != 0) == (count[m] > 0));
#endif
        assert(true_at_rest && ((top & BIT(m)) != 0) == (count[m] > 0))
    }
    assert(context_true && (interested == 0 || (signals > 0) == (top != 0)))
}

init {
    byte i, m;
    atomic {
#ifdef WATCHED
        interested = 1;
#endif
        for (m : 0 .. MEMBERS - 1) {
#ifdef ONE_WRITER
            if :: m == 0 -> run writer(m) :: else fi;
#else
            for (i : 1 .. WRITERS) { run writer(m) }
#endif
#ifdef FAR_READER
            if :: m == 1 -> run reader(m) :: else fi;
#endif
#if READERS > 0
            for (i : 1 .. READERS) { run reader(m) }
#endif
        }
#if WAITERS > 0
        for (i : 1 .. WAITERS) { run waiter(i <= LEAVERS) }
#endif
        run judge();
        i = 0; m = 0
    }
}
