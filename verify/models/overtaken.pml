/* SPDX-License-Identifier: MIT */
/* overtaken.pml: two threads that both take themselves for the busy thread of a doorbell, and the doubt of the slow one.
 *
 * Owns a copy of look, show, silence and empty of src/watch/doorbell.cpp, with the bound: a count is none, some or full, and
 * a full descriptor refuses a ring. The race is OVERTAKEN: a request that finds the last one unanswered may look in place
 * of the busy thread (LEVEL, call), here at any such request and OVERTAKES times at most; the code counts sixteen. Both
 * then write the numbers of rings and what is shown. The slow thread sees that at its next step on the word, doubts, and
 * requests a look, which empties the descriptor whatever the numbers say. Every change notifies the doorbell here, as that
 * of a sealed object does; marks, edges, and what a stopped thread leaves are doorbell.pml's. Invariant: when nobody is in
 * a call the descriptor says what the count says.
 */
#ifndef OVERTAKES
#define OVERTAKES 1
#endif
#ifndef START
#define START 1 /* the count: 0, 1 or FULL */
#endif
#ifndef TAKERS
#define TAKERS 1
#endif
#ifndef WRITERS
#define WRITERS 1
#endif
#ifndef FILLERS
#define FILLERS 0
#endif
#ifndef PAIRS
#define PAIRS 2 /* what the overtaker does so often: it writes, or fills, and takes */
#endif
#define FULL 100

bool true_at_rest = true, nothing_left = true;

byte count;
bool busy, look, taking; /* the doorbell's word */
byte generation;
byte overtakes;
short rings_begun, rings_done;
bool shown_full, doubted;
byte held; /* the descriptor */

inline ring() {
    rings_begun++;
    d_step { if :: held < FULL -> held++; rung = true :: else -> rung = false fi };
    if
    :: rung -> rings_done++
    :: !rung -> rings_begun--
    fi;
    rung = false
}

inline fill() {
    d_step { if :: held == 0 -> held = FULL; rung = true :: else -> rung = false fi };
    d_step { shown_full = rung; rung = false }
}

inline silence() {
    taking = true;
    surely = rings_done;
    d_step { taken = held; held = 0 };
    d_step { /* less than none have begun: no ring of ours was in it */
        found = taken;
        if :: taken >= FULL -> taken = taken - FULL :: else fi;
        if :: found == 0 && surely > 0 -> taken = surely :: else fi;
        if :: found != 0 && taken > rings_begun -> taken = (rings_begun > 0 -> rings_begun : 0) :: else fi;
        surely = 0
    };
    shown_full = false;
    rings_begun = rings_begun - taken;
    d_step { rings_done = rings_done - taken; taken = 0 };
    d_step { if :: rings_begun < 0 -> taken = 0 - rings_begun; rings_begun = 0 :: else fi };
    d_step { rings_done = rings_done + taken; taken = 0 };
    d_step { taking = false; took = true }
}

inline empty_it() {
    silence();
#ifndef BROKEN_doubt_ends_at_once
#ifndef BROKEN_numbers_are_asked_late
    done = rings_done;
#ifdef BROKEN_under_way_is_asked
    is_any = (rings_begun != done);
#else
    is_any = (rings_begun != 0 || done != 0);
#endif
#endif
    silence();
#ifdef BROKEN_numbers_are_asked_late
    done = rings_done;
    is_any = (rings_begun != 0 || done != 0);
#endif
#ifdef BROKEN_found_is_no_doubt
    found = 0;
#endif
    if :: is_any || found != 0 -> doubted = true :: else fi;
    d_step { is_any = false; done = 0 };
#endif
    found = 0
}

inline show_count() {
    wanted = count;
    d_step {
#ifdef BROKEN_doubt_at_zero_alone
        is_doubted = doubted && wanted == 0;
#else
        is_doubted = doubted;
#endif
        if :: is_doubted -> doubted = false :: else fi
    };
    if :: is_doubted -> empty_it() :: !is_doubted fi;
    was_full = shown_full;
    if
    :: was_full != (wanted == FULL) ->
        if
        :: was_full || rings_begun != 0 -> silence(); found = 0
        :: else
        fi;
        if
        :: wanted == FULL -> fill()
        :: else -> shown_full = false
        fi
    :: else
    fi;
    if
    :: wanted == 0 ->
        if :: rings_begun != 0 -> silence(); found = 0 :: else fi
    :: wanted == 1 ->
        if
        :: is_doubted || rings_begun == 0 -> ring()
        :: else -> if :: took && rings_done <= 0 -> ring() :: else fi
        fi
    :: else
    fi;
    d_step { wanted = 0; is_doubted = false; was_full = false }
}

/* A request: was_busy, or it looks itself. An unanswered one may be overtaken. */
inline request() {
    atomic {
        was_taking = taking;
        if
        :: !(busy && look) -> was_busy = busy; busy = true; look = true; mine = generation /* LEVEL, request */
        :: busy && look -> was_busy = true
        :: busy && look && overtakes < OVERTAKES -> /* LEVEL, call */
            overtakes++; generation++; mine = generation; was_busy = false; overtook = true
        fi
    };
    if
    :: overtook -> doubted = true; taking = false; overtook = false
    :: else
    fi
}

inline look_until_none_asks() {
    do
    :: d_step { mine != generation ->
#ifndef BROKEN_leaves_no_doubt
           doubted = true
#else
           skip
#endif
       };
       request();
       if :: was_busy -> break :: else fi
    :: d_step { mine == generation && look -> look = false };
       show_count()
    :: d_step { mine == generation && !look -> busy = false };
       break
    od;
    took = false;
    d_step { mine = 0; was_busy = false; was_taking = false }
}

/* What a change does: an add that left none rings, and makes sure of a ring. */
inline notify(is_add, left_zero) {
    if :: left_zero && count == 1 -> ring() :: else fi;
    request();
    if
    :: is_add && (was_taking || rings_done <= 0) ->
        sure = (count == 1 || (count == FULL && was_busy));
        if
        :: sure && was_busy -> ring(); request()
        :: sure && !was_busy -> ring()
        :: else
        fi;
        sure = false
    :: else
    fi;
    if
    :: !was_busy -> look_until_none_asks()
    :: else -> d_step { was_busy = false; was_taking = false; mine = 0 }
    fi
}

#define OF_LOOKS short surely, taken, done; byte wanted, mine, found; bool rung, took, is_doubted, was_full, overtook, was_busy, was_taking, is_any, sure, changed, from_zero

inline add(n) {
    d_step { changed = (count != FULL); from_zero = (count == 0); if :: changed -> count = (n) :: else fi };
    if :: changed -> notify(true, from_zero) :: else fi;
    d_step { changed = false; from_zero = false }
}

inline take() {
    d_step { changed = (count != 0); count = 0 };
    if :: changed -> notify(false, false) :: else fi;
    changed = false
}

proctype writer() { OF_LOOKS; add(1) }
proctype filler() { OF_LOOKS; add(FULL) }
proctype taker() { OF_LOOKS; take() }

proctype overtaker() {
    byte pairs;
    OF_LOOKS;
    do
    :: pairs == PAIRS -> break
    :: else ->
        pairs++;
#ifdef FILLS
        take();
        add(FULL)
#else
        add(1);
        take()
#endif
    od
}

/* Runs when nobody else can. */
proctype judge() {
    timeout;
    assert(true_at_rest && (held > 0) == (count > 0) && (held == FULL) == (count == FULL));
    assert(nothing_left && !busy && !look)
}

init {
    byte i;
    atomic {
        count = START;
#if START == 1
        held = 1; rings_begun = 1; rings_done = 1;
#endif
#if START == FULL
        held = FULL; shown_full = true;
#endif
#if TAKERS > 0
        for (i : 1 .. TAKERS) { run taker() }
#endif
#if WRITERS > 0
        for (i : 1 .. WRITERS) { run writer() }
#endif
#if FILLERS > 0
        for (i : 1 .. FILLERS) { run filler() }
#endif
        run overtaker();
        run judge();
        i = 0
    }
}
