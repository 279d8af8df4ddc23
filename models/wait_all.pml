/* SPDX-License-Identifier: MIT */
/* wait_all.pml: taking from two objects in one step, those who meet a held word, and those who sleep until all is there.
 *
 * Owns a copy of src/core/hold.cpp and src/watch/set_all.cpp: HOLD, HOLD_GATE, ALL_SLEEP. One thread at a time holds;
 * holding waits for nobody. A writer writes A and then B; readers and lookers go from A to B. Only the order of steps is
 * modelled, not what memory may show late. Invariants: units are conserved; of a take from all nobody sees a part; what
 * was taken was there at one moment (never more of B than of A); nobody waits at the gate for ever; nobody sleeps for
 * all while all is there.
 */
#ifndef TAKERS
#define TAKERS 1 /* try once */
#endif
#ifndef SLEEPERS
#define SLEEPERS 0 /* sleep until they have both */
#endif
#ifndef WRITES
#define WRITES 0 /* of A and B, by the one writer */
#endif
#ifndef START_A
#define START_A 1
#endif
#ifndef START_B
#define START_B 1
#endif

bool conservation = true, all_or_none = true, one_moment = true, no_lost_wakeup = true, nothing_held = true;

byte count[2], taken[2], given[2];
bool held[2];
bool hold_lock;
byte number;         /* the gate: how often it was opened */
bool waiting;        /* and whether somebody waits there */
byte at_gate;        /* asleep there */
byte gate_wakes;     /* of those, woken */
byte alls;           /* takes from both */
bool gone;           /* B has left: A alone is all */

bool awaited[2];     /* ALL_SLEEP: the member is slept for */
byte all_gate, all_asleep, all_wakes;

inline await_release(m) {
    do
    ::
#ifdef BROKEN_gate_read_late
        if :: !held[m] -> break :: else fi;
        seen = number;
#else
        seen = number; /* HOLD_GATE: before the look at the word */
        if :: !held[m] -> break :: else fi;
#endif
#ifdef BROKEN_gate_unmarked
        do :: atomic { number == seen -> at_gate++; break } :: number != seen -> goto_again = true; break od;
#else
        atomic { if :: number == seen -> waiting = true :: else -> goto_again = true fi };
        if
        :: goto_again -> skip
        :: else ->
            atomic { if :: number == seen && waiting -> at_gate++ :: else -> goto_again = true fi }
        fi;
#endif
        if
        :: goto_again -> goto_again = false
        :: else -> atomic { gate_wakes > 0 -> gate_wakes--; at_gate-- }
        fi
    od;
    seen = 0
}

inline open_gate() {
    atomic {
        was = waiting;
        waiting = false;
#ifndef BROKEN_gate_not_moved
        number++
#endif
    };
    if :: was -> gate_wakes = at_gate :: else fi;
    was = false
}

/* What an add owes to those who sleep for all: the look for them comes after the add. */
inline tell_all(m) {
#ifdef BROKEN_looked_for_before_the_add
    skip
#else
    atomic { if :: awaited[m] -> all_gate++; all_wakes = all_asleep :: else fi }
#endif
}

inline add(m) {
#ifdef BROKEN_looked_for_before_the_add
    was = awaited[m];
#endif
    atomic { found_held = held[m]; count[m]++; given[m]++ };
#ifndef BROKEN_writer_does_not_await
    if :: found_held -> await_release(m) :: else fi;
#endif
    found_held = false;
#ifdef BROKEN_looked_for_before_the_add
    atomic { if :: was -> all_gate++; all_wakes = all_asleep :: else fi };
    was = false;
#endif
    tell_all(m)
}

/* got: whether there was anything. */
inline take(m) {
    got = false;
    do
    :: atomic {
            if
#ifdef BROKEN_reader_does_not_await
            :: true -> got = (count[m] > 0); taken[m] = taken[m] + count[m]; count[m] = 0; break
#else
#ifdef BROKEN_reader_says_nothing_there
            :: held[m] -> break
#else
            :: held[m] -> skip
#endif
            :: !held[m] -> got = (count[m] > 0); taken[m] = taken[m] + count[m]; count[m] = 0; break
#endif
            fi
        };
        await_release(m)
    od
}

inline look(m) {
    got = false;
    do
    :: atomic {
            if
#ifdef BROKEN_looker_does_not_await
            :: true -> got = (count[m] > 0); break
#else
            :: held[m] -> skip
            :: !held[m] -> got = (count[m] > 0); break
#endif
            fi
        };
        await_release(m)
    od
}

/* success: both were taken from; else `missing` was seen empty. */
inline try_all() {
    atomic { !hold_lock -> hold_lock = true };
    success = true;
    amount[0] = 0; amount[1] = 0;
#ifdef BROKEN_take_and_give_back
    atomic { if :: count[0] > 0 -> amount[0] = count[0]; count[0] = 0 :: else -> success = false; missing = 0 fi };
    if
    :: success && !gone ->
        atomic { if :: count[1] > 0 -> amount[1] = count[1]; count[1] = 0 :: else -> success = false; missing = 1 fi };
        if :: !success -> count[0] = count[0] + amount[0] :: else fi
    :: else
    fi;
    if :: success -> atomic { taken[0] = taken[0] + amount[0]; taken[1] = taken[1] + amount[1] } :: else fi;
#else
    atomic { if :: count[0] > 0 -> held[0] = true; amount[0] = count[0] :: else -> success = false; missing = 0 fi };
#ifdef BROKEN_released_before_all_are_held
    atomic { if :: success -> count[0] = count[0] - amount[0]; held[0] = false :: else fi };
#endif
    if
    :: success && !gone ->
        atomic { if :: count[1] > 0 -> held[1] = true; amount[1] = count[1] :: else -> success = false; missing = 1 fi }
    :: else
    fi;
#ifdef BROKEN_gate_opened_before_the_release
    open_gate();
#endif
#ifdef BROKEN_released_before_all_are_held
    if :: !success && amount[0] > 0 -> count[0] = count[0] + amount[0] :: else fi;
    if :: success -> taken[0] = taken[0] + amount[0] :: else fi;
#else
    atomic {
        if
        :: held[0] ->
            held[0] = false;
#ifdef BROKEN_amount_settled_at_release
            amount[0] = count[0];
#endif
            if :: success -> count[0] = count[0] - amount[0]; taken[0] = taken[0] + amount[0] :: else fi
        :: else
        fi
    };
#endif
    atomic {
        if
        :: held[1] ->
            held[1] = false;
#ifdef BROKEN_amount_settled_at_release
            amount[1] = count[1];
#endif
            if :: success -> count[1] = count[1] - amount[1]; taken[1] = taken[1] + amount[1] :: else fi
        :: else
        fi
    };
#ifdef BROKEN_gate_opened_for_takes_alone
    if :: success -> open_gate() :: else fi;
#else
#ifndef BROKEN_gate_opened_before_the_release
    open_gate();
#endif
#endif
#endif
    if
    :: success ->
        alls++;
#ifdef WRITER_LEADS
        assert(one_moment && amount[0] >= amount[1])
#endif
    :: else
    fi;
    hold_lock = false
}

proctype taker() {
    byte amount[2];
    bool success, was;
    byte missing;
    try_all()
}

proctype sleeper() {
    byte amount[2], seen;
    bool success, was;
    byte missing;
    do
    :: try_all();
        if :: success -> break :: else fi;
        seen = all_gate;
#ifdef BROKEN_awaits_after_the_look
        if
        :: count[missing] > 0 || (missing == 1 && gone) -> skip
        :: else ->
            awaited[missing] = true;
#else
        awaited[missing] = true; /* ALL_SLEEP */
        if
        :: count[missing] > 0 || (missing == 1 && gone) -> skip
        :: else ->
#endif
            atomic {
                if
                :: all_gate == seen -> all_asleep++
                :: else -> seen = 255
                fi
            };
            if
            :: seen == 255 -> skip
            :: else ->
end_asleep:     atomic { all_wakes > 0 -> all_wakes--; all_asleep-- }
            fi
        fi
    od
}

proctype writer() {
    byte writes, seen;
    bool found_held, was, goto_again;
    do
    :: writes == WRITES -> break
    :: else -> writes++; add(0); add(1)
    od
}

/* Takes A and then B. Without a writer: if A was gone, it went together with B. */
proctype reader() {
    byte seen;
    bool got, goto_again, first;
    take(0);
    first = got;
    take(1);
#if WRITES == 0
    assert(all_or_none && (first || !got));
#endif
    if :: first -> assert(all_or_none && (alls == 0 || WRITES > 0)) :: else fi
}

proctype looker() {
    byte seen;
    bool got, goto_again, first;
    look(0);
    first = got;
    look(1);
    assert(all_or_none && (first || !got))
}

proctype other_reader() {
    byte seen;
    bool got, goto_again;
    take(1)
}

/* B leaves; whoever sleeps for it looks again. */
proctype leaver() {
    atomic { !hold_lock -> hold_lock = true };
    gone = true;
    hold_lock = false;
#ifndef BROKEN_leaves_without_a_wake
    atomic { if :: awaited[1] -> all_gate++; all_wakes = all_asleep :: else fi }
#endif
}

proctype judge() {
    byte m;
    timeout;
    assert(no_lost_wakeup && (all_asleep == 0 || count[0] == 0 || (count[1] == 0 && !gone)));
    for (m : 0 .. 1) {
        assert(nothing_held && !held[m]);
        assert(conservation && given[m] == taken[m] + count[m])
    }
}

init {
    byte i;
    atomic {
        count[0] = START_A; given[0] = START_A;
        count[1] = START_B; given[1] = START_B;
#if TAKERS > 0
        for (i : 1 .. TAKERS) { run taker() }
#endif
#if SLEEPERS > 0
        for (i : 1 .. SLEEPERS) { run sleeper() }
#endif
#if WRITES > 0
        run writer();
#endif
#ifdef READER
        run reader();
#endif
#ifdef LOOKER
        run looker();
#endif
#ifdef OTHER_READER
        run other_reader();
#endif
#ifdef LEAVER
        run leaver();
#endif
        run judge();
        i = 0
    }
}
