/* wait_all.pml: taking from two objects in one step (src/core/hold.cpp), beside a writer, a reader, a looker.
 *
 * Owns two packed words: count and `held`. A taker holds both words one after the other, each in the step that shows its
 * count above zero and settles what will be taken, then takes and releases. Whoever meets a held word waits at the gate,
 * whose number he has read before. The writer adds to object 0, then to object 1, so at no moment has more been written
 * to 1 than to 0. Invariants: what was taken was there at one moment (never more of 1 than of 0), who has seen one object
 * after the take sees the other after it, an object that was never empty is never found empty, units are conserved, and
 * nobody waits for ever.
 */
#ifndef WRITES
#define WRITES 2
#endif
#ifndef TAKERS
#define TAKERS 1
#endif
#ifndef TAKES
#define TAKES 1
#endif
#ifndef FIRST
#define FIRST 1 /* what is in each object at the start */
#endif
#ifndef SECOND
#define SECOND FIRST
#endif
bool one_moment = true, no_look_between = true, never_found_empty = true, conserved = true;

byte count[2];
bool held[2];
byte gate;
bool holding; /* the mutex of takers */
byte taken[2], written[2], read_off;
byte looked[2];
byte done;

inline open_gate() { gate++ }

/* Returns when object x is not held. */
inline await_release(x) {
    do
#ifdef BROKEN_gate_read_late
    :: atomic { !held[x] -> break }
    :: atomic { held[x] -> skip }; number = gate; gate != number
#else
    :: number = gate;
       if
       :: atomic { !held[x] -> break }
       :: atomic { held[x] -> skip }; gate != number /* the futex compares */
       fi
#endif
    od
}

/* HOLD, mark: y is told whether it was above zero. */
inline hold(x, y) {
    atomic {
        if
        :: count[x] > 0 ->
            y = true;
#ifdef SEMAPHORE
            amount[x] = 1;
#else
            amount[x] = count[x];
#endif
#ifdef BROKEN_take_and_give_back
            count[x] = count[x] - amount[x]
#else
            held[x] = true
#endif
        :: else -> y = false; amount[x] = 0
        fi
    }
}

inline release(x) {
    atomic {
#ifdef BROKEN_take_and_give_back
        if :: !both -> count[x] = count[x] + amount[x] :: else fi;
#else
#ifdef BROKEN_settled_at_release
        if :: both -> amount[x] = count[x] :: else fi;
#endif
        if :: both -> count[x] = count[x] - amount[x] :: else fi;
        held[x] = false;
#endif
        if :: both -> taken[x] = taken[x] + amount[x] :: else fi
    }
}

proctype taker() {
    byte amount[2], takes;
    bool first, second, both;
    do
    :: takes < TAKES ->
        atomic { !holding -> holding = true };
        hold(0, first);
#ifdef BROKEN_released_before_all
        both = first && count[1] > 0; release(0);
#endif
        second = false;
        if :: first -> hold(1, second) :: else fi;
        both = first && second;
#ifndef BROKEN_released_before_all
        if :: first -> release(0) :: else fi;
#endif
        if :: second -> release(1) :: else fi;
        open_gate();
        atomic {
            if :: both -> takes++ :: else fi;
#ifdef WRITER
            assert(one_moment && taken[0] >= taken[1]);
#endif
            holding = false
        };
        /* ALL_SLEEP: until all are ready again, or nobody will make them so */
        if :: count[0] > 0 && count[1] > 0 :: done > 0 -> break fi
    :: takes >= TAKES -> break
    od
}

inline add(x) {
    atomic { was_held = held[x]; count[x]++; written[x]++ };
#ifndef BROKEN_add_does_not_wait
    if :: was_held -> await_release(x) :: else fi;
#endif
    was_held = false
}

proctype writer() {
    byte number, writes;
    bool was_held;
    do
    :: writes < WRITES -> add(0); add(1); writes++
    :: else -> break
    od;
    done++
}

/* Looks at 0, then at 1. With nobody else about, only a take can have emptied them. */
proctype looker() {
    byte number;
#ifndef BROKEN_look_does_not_wait
    await_release(0);
#endif
    looked[0] = count[0];
#ifndef BROKEN_look_does_not_wait
    await_release(1);
#endif
    looked[1] = count[1];
    assert(no_look_between && (looked[0] > 0 || looked[1] == 0))
}

/* Tries to take one of object 0, which always has one. */
proctype trier() {
    byte number;
    bool got;
    do
    :: atomic { !held[0] -> got = count[0] > 0; if :: got -> count[0]--; read_off++ :: else fi; break }
    :: atomic { held[0] -> skip }; await_release(0)
    od;
    assert(never_found_empty && got)
}

init {
    byte i;
    atomic {
        count[0] = FIRST; count[1] = SECOND; written[0] = FIRST; written[1] = SECOND;
#ifndef WRITER
        done = 1;
#endif
        do :: i < TAKERS -> run taker(); i++ :: else -> break od;
#ifdef WRITER
        run writer();
#endif
#ifdef LOOKER
        run looker();
#endif
#ifdef TRIER
        run trier();
#endif
    };
    _nr_pr == 1;
    assert(conserved && written[0] == taken[0] + read_off + count[0] && written[1] == taken[1] + count[1]);
    assert(!held[0] && !held[1] && !holding)
}
