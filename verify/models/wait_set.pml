/* SPDX-License-Identifier: MIT */
/* wait_set.pml: the bits of a set on one level or two, the context its waiters sleep on, and which thread is notified of what.
 *
 * Owns a copy of src/watch/ready_bitmap.cpp and src/watch/set_wait.cpp: SET_BITS, SET_MARK, SET_TOP, SET_SLEEP, BATON.
 * With TWO_LEVELS each member has a word of its own below, and `top` has a bit for each word; else both bits are in the
 * one word that is the top. Only the order of steps is modelled, not what memory may show late: that is the explorer's.
 * Each mark moves the stamp of its word, and each signal that of the bell; what is cleared is compared with what was seen.
 * One writer or reader of the member STOPS may stop for ever at any step. Invariants: nobody sleeps beside a ready
 * member; what a write of the second member has left is known at the top and to watchers, whichever process has stopped; when
 * nobody is in a call every bit says what is below it and, if anybody watches, the bell says what the top says; units
 * are conserved.
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
#define MARKED 1
#define EMPTIED 2

bool no_lost_wakeup = true, true_at_rest = true, conservation = true, bell_true = true, finished_is_known = true;

byte count[MEMBERS], given[MEMBERS], taken[MEMBERS];
byte low[MEMBERS]; /* with TWO_LEVELS: the words below, of one bit each */
byte low_stamp[MEMBERS], top_stamp, bell_stamp;
byte top; /* a bit for each word, or for each member */
byte sleepers, bed, bell;
bool watched, stop_now, stopped, finished[MEMBERS];
byte asleep;

#define BIT(m) (1 << (m))
#define OTHERS(m) (3 - (1 << (m)))

#ifdef BROKEN_mark_moves_no_stamp
#define STAMP(s) skip
#else
#define STAMP(s) s++
#endif

inline mark_top(m) { atomic { top = top | BIT(m); STAMP(top_stamp) } }

/* SET_BITS: the word below was seen empty. With one level this clears the member's own bit, whose emptiness is its count. */
#ifdef TWO_LEVELS
#define NOTHING_BELOW(m) (low[m] == 0)
#else
#define NOTHING_BELOW(m) (count[m] == 0)
#endif
inline clear_top(m) {
    do
    ::
#ifdef BROKEN_looked_below_first
        empty_below = NOTHING_BELOW(m);
        atomic { seen = top; seen_stamp = top_stamp };
#else
        atomic { seen = top; seen_stamp = top_stamp };
        empty_below = NOTHING_BELOW(m);
#endif
        if
        :: (seen & BIT(m)) == 0 -> if :: seen == 0 -> change = EMPTIED :: else fi; break
        :: (seen & BIT(m)) != 0 && !empty_below -> break
        :: else ->
            atomic {
                if
                :: top == seen && top_stamp == seen_stamp -> top = top & OTHERS(m); seen = top; cleared = true
                :: else
                fi
            };
            if
            :: cleared -> cleared = false; if :: seen == 0 -> change = EMPTIED :: else fi; break
            :: else
            fi
        fi
    od;
    seen = 0; seen_stamp = 0; empty_below = false
}

inline mark(m) {
#ifdef TWO_LEVELS
#ifdef BROKEN_marker_stops_where_somebody_was
    atomic { was = (low[m] != 0); low[m] = 1; STAMP(low_stamp[m]) };
    if :: !was -> mark_top(m) :: else fi;
    was = false;
#else
    atomic { low[m] = 1; STAMP(low_stamp[m]) };
    mark_top(m);
#endif
#else
    mark_top(m);
#endif
    change = MARKED
}

/* SET_MARK: the word, then the count, then the comparison. */
inline unmark_unless_ready(m) {
#ifdef TWO_LEVELS
    do
    :: atomic { seen = low[m]; seen_stamp = low_stamp[m] };
        if
        :: seen == 0 -> break
        :: seen != 0 && count[m] > 0 -> break
        :: else ->
            atomic {
                if
                :: low[m] == seen && low_stamp[m] == seen_stamp -> low[m] = 0; cleared = true
                :: else
                fi
            };
            if :: cleared -> cleared = false; seen = 0; break :: else fi
        fi
    od;
    if
    :: seen == 0 -> seen_stamp = 0; clear_top(m)
    :: else -> seen = 0; seen_stamp = 0
    fi
#else
    clear_top(m)
#endif
}

/* SET_TOP: the bell's word, then the top, then the comparison. */
inline drain() {
    do
    :: atomic { seen = bell; seen_stamp = bell_stamp };
        if
        :: seen == 0 -> break
#ifndef BROKEN_bell_drained_without_a_look
        :: seen != 0 && top != 0 -> break
#endif
        :: else ->
            atomic {
                if
                :: bell == seen && bell_stamp == seen_stamp -> bell = 0; cleared = true
                :: else
                fi
            };
            if :: cleared -> cleared = false; break :: else fi
        fi
    od;
    seen = 0; seen_stamp = 0
}

inline on_top_change() {
    if
    :: change == MARKED ->
        if :: sleepers > 0 -> bed++ :: else fi;
        if
        :: watched ->
            atomic { bell = 1; bell_stamp++ };
            if :: top == 0 -> drain() :: else fi
        :: else
        fi
    :: change == EMPTIED && watched -> drain()
    :: else
    fi;
    change = NONE
}

inline clear_unless_ready(m) { unmark_unless_ready(m); on_top_change() }

inline on_member_change(m, added) {
    if :: added -> mark(m); on_top_change() :: else fi;
#ifdef BROKEN_told_without_a_look
    if :: !added -> clear_unless_ready(m) :: else fi
#else
    clear_unless_ready(m)
#endif
}

inline take(m) {
    atomic { got = (count[m] > 0); taken[m] = taken[m] + count[m]; count[m] = 0 };
    if :: got -> on_member_change(m, false) :: else fi
}

/* Takes from one member, whichever is next; `got` says whether. From the top down. */
inline try_once() {
    got = false;
    do
    ::
        atomic {
            if
            :: top == 0 -> break
            :: (top & BIT(0)) != 0 -> at = 0
            :: (top & BIT(1)) != 0 -> at = 1
            fi
        };
#ifdef TWO_LEVELS
        if
        :: low[at] == 0 -> clear_top(at); on_top_change()
        :: else ->
            take(at);
            if :: got -> break :: else -> clear_unless_ready(at) fi
        fi
#else
        take(at);
        if :: got -> break :: else -> clear_unless_ready(at) fi
#endif
    od;
    at = 0
}

#ifdef STOPS
#define MAY_STOP(m) atomic { m == STOPS && stop_now && !stopped -> stopped = true; me_stopped = true }
proctype stopper() { stop_now = true } /* an escape that can be taken is taken */
#else
#define MAY_STOP(m) false
#endif

proctype writer(byte m) {
    byte writes, change, seen, seen_stamp;
    bool was, cleared, empty_below, me_stopped;
    do
    :: writes == WRITES -> break
    :: else ->
#ifdef BOTH
        m = 1 - writes;
#endif
        writes++;
        {
            atomic { count[m]++; given[m]++ };
            on_member_change(m, true);
            finished[m] = true
        } unless { MAY_STOP(m) };
        if :: me_stopped -> break :: else fi
    od
}

proctype reader(byte m) {
    byte change, seen, seen_stamp;
    bool was, cleared, empty_below, got, me_stopped;
    {
        take(m)
    } unless { MAY_STOP(m) }
}

/* Nobody is ready any more: wants a unit, or leaves when its time is over. */
proctype waiter(bool may_leave) {
    byte change, at, seen, seen_stamp;
    bool was, cleared, empty_below, got, left;
#ifdef BROKEN_interest_after_the_look
    try_once();
    if :: got -> goto done :: else fi;
    sleepers++;
#else
    sleepers++;
#endif
    do
    ::
#ifndef BROKEN_interest_after_the_look
        if :: top != 0 -> try_once(); if :: got -> break :: else fi :: else fi; /* SET_SLEEP, look */
#endif
        asleep++;
end_asleep:
        if
        :: atomic { bed > 0 -> bed = 0; asleep-- }
        :: atomic { may_leave -> left = true; asleep-- }
        fi;
        try_once();
#ifndef BROKEN_no_baton
        if :: top != 0 -> bed++ :: else fi; /* BATON */
#endif
        if :: got || left -> break :: else fi
    od;
    sleepers--;
done:
    skip
}

/* Runs when nobody else can. */
proctype judge() {
    byte m;
    timeout;
    assert(no_lost_wakeup && (asleep == 0 || count[0] + count[1] == 0));
    assert(finished_is_known && (!finished[1] || count[1] == 0 || (top & BIT(1)) != 0));
#ifdef TWO_LEVELS
    assert(finished_is_known && (!finished[1] || count[1] == 0 || low[1] != 0));
#endif
    assert(finished_is_known && (!finished[1] || count[1] == 0 || !watched || bell > 0));
    if
    :: stopped
    :: else ->
        for (m : 0 .. MEMBERS - 1) {
            assert(conservation && given[m] == taken[m] + count[m]);
#ifdef TWO_LEVELS
            assert(true_at_rest && (low[m] != 0) == (count[m] > 0));
#endif
            assert(true_at_rest && ((top & BIT(m)) != 0) == (count[m] > 0))
        }
        assert(bell_true && (!watched || (bell > 0) == (top != 0)))
    fi
}

init {
    byte i, m;
    atomic {
#ifdef WATCHED
        watched = true;
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
#ifdef STOPS
        run stopper();
#endif
        run judge();
        i = 0; m = 0
    }
}
