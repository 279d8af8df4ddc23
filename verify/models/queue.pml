/* SPDX-License-Identifier: MIT */
/* queue.pml: the wait queue's combining word: wakes left behind, one holder, a gate for those who add and remove.
 *
 * Owns a copy of src/core/wait_queue.cpp for one queue with two entries. A waker leaves its wake in the word in
 * the step that looks at `held`; the holder looks for wakes in the step that lets go: QUEUE_HANDOVER. It may let go with
 * wakes left, at any time, and comes back for them unless somebody else has: QUEUE_BOUND. A signal handler
 * that wakes is a waker like any other, between any two steps. Entry 0 is in the queue from the start, its callback may
 * wake again, remove itself or add entry 1. Invariants: each wake that is left while an entry is in the queue calls it
 * once, by one thread at a time, never after its removal returned, and nobody waits for ever. Who adds waits for nobody
 * (QUEUE_JOIN): it pushes the entry, which the next holder takes in. The number of wakes before it is put together from
 * two words, and may be too low beside a holder: then the entry may hear of a wake that came before.
 */
#ifndef WAKERS
#define WAKERS 2
#endif
#ifndef WAKES
#define WAKES 2 /* of each waker */
#endif
#ifndef REMOVERS
#define REMOVERS 0 /* of entry 0, one of them finds it */
#endif
#ifndef ADDERS
#define ADDERS 0 /* of entry 1 */
#endif
#ifndef CALLBACK_WAKES
#define CALLBACK_WAKES 0 /* how often entry 0's callback wakes this queue */
#endif

bool no_wake_lost = true, one_at_a_time = true, not_after_removal = true, no_wake_from_before = true;
bool remove_ends = true;

/* The word, and the gate. */
bool held, contended;
byte pending, gate;
byte holder = 99; /* process that holds the queue */
byte at_gate; /* asleep there: a bit for each process */

/* Under hold. */
bool member[2] = {true, false};
byte joined_walk[2], walks, rest_of_batch;
bool in_list[2] = {true, false}; /* taken in by a holder */

/* Noted by the holder after it took wakes out of the word. */
byte taken;

byte running[2], due[2]; /* wakes left since the entry joined, less its calls */
byte before_call, before_joining; /* wakes left before entry 1 was to be added, and before it was pushed */
bool joins_beside; /* not by the holder */
bool removal_returned;
byte callback_wakes, slept, let_go_early;
bool added;

inline leave_wake() {
    atomic { /* QUEUE_HANDOVER */
#ifdef BROKEN_look_then_leave
        skip
    };
    was_held = held;
    atomic {
#else
        was_held = held;
#endif
        pending++; held = true;
        if :: member[0] -> due[0]++ :: else fi;
        if :: member[1] -> due[1]++ :: else fi
    };
    if :: !was_held -> holder = me :: else fi
}

inline callback(e) {
    atomic {
        running[e]++;
        assert(one_at_a_time && running[e] == 1);
        assert(not_after_removal && !(e == 0 && removal_returned));
        if
        :: e == 1 && walks <= before_joining -> assert(no_wake_from_before && (joins_beside || walks > before_call))
        :: else -> assert(no_wake_from_before && due[e] > 0); due[e]--
        fi
    };
    if
    :: e == 0 && callback_wakes < CALLBACK_WAKES -> /* finds the queue held, by its own thread */
        atomic {
            callback_wakes++; pending++;
            if :: member[0] -> due[0]++ :: else fi;
            if :: member[1] -> due[1]++ :: else fi
        }
#ifdef CALLBACK_REMOVES
    :: e == 0 && member[0] -> assert(holder == me); atomic { member[0] = false; due[0] = 0 }
#endif
#ifdef CALLBACK_ADDS
    :: e == 0 && !member[1] -> assert(holder == me); add_entry()
#endif
    :: else
    fi;
    atomic { running[e]-- }
}

/* The push, which comes before the mark that makes changers leave wakes for it. */
inline push_entry() {
    atomic { member[1] = true; due[1] = 0; before_joining = walks + rest_of_batch + pending }
}

/* By the holder, inside a callback: nobody takes wakes out of the word meanwhile. */
inline add_entry() {
    atomic { before_call = walks + rest_of_batch + pending };
#ifdef BROKEN_joins_in_the_middle_of_a_batch
    joined_walk[1] = walks + pending;
#else
    atomic { joined_walk[1] = taken + pending };
#endif
    push_entry()
}

inline open_gate() {
    if
    :: was_contended -> /* QUEUE_GATE */
#ifdef BROKEN_gate_is_not_moved
        skip;
#else
        gate++;
#endif
        at_gate = 0
    :: else
    fi;
    was_contended = false
}

/* Runs what is pending, then lets go. */
inline let_go() {
    do
#ifdef BROKEN_taken_noted_first
    :: pending > 0 -> taken = walks + pending;
        atomic { rest_of_batch = pending; pending = 0 };
#else
    :: atomic { pending > 0 -> rest_of_batch = pending; pending = 0 };
        taken = walks + rest_of_batch;
#endif
#ifndef BROKEN_taken_in_after_the_wakes
        in_list[1] = member[1];
#endif
        do
        :: rest_of_batch > 0 ->
            atomic { walks++; rest_of_batch-- };
            if
            :: member[0] && joined_walk[0] < walks -> callback(0)
            :: else
            fi;
            if
            :: in_list[1] && joined_walk[1] < walks -> callback(1)
            :: else
            fi
        :: else -> break
        od;
#ifdef BROKEN_taken_in_after_the_wakes
        in_list[1] = member[1]
#else
        skip
#endif
#ifdef BROKEN_let_go_without_a_look
    :: pending == 0 -> holder = 99; /* another wake may come here */
        atomic { was_contended = contended; held = false; contended = false }; break
#else
    :: atomic { pending == 0 -> /* QUEUE_HANDOVER */
            was_contended = contended; held = false; contended = false; holder = 99 };
        break
#endif
#ifdef BOUND
    :: atomic { pending > 0 && let_go_early < BOUND -> /* QUEUE_BOUND */
            let_go_early++;
            was_contended = contended; held = false; contended = false; holder = 99 };
        open_gate();
#ifdef BROKEN_bound_leaves_wakes
        break
#else
        if
        :: atomic { !held && pending > 0 -> held = true; holder = me }
        :: atomic { held || pending == 0 -> skip }; break
        fi
#endif
#endif
    od;
    open_gate()
}

inline hold() {
    do
#ifdef BROKEN_hold_in_two_steps
    :: !held -> held = true; holder = me; break
    :: held ->
#else
    :: atomic { !held -> held = true; holder = me }; break
    :: held ->
#endif
#ifndef BROKEN_gate_read_late
        seen_gate = gate; /* QUEUE_GATE: read before the mark is made */
#endif
        if
        :: atomic { held ->
#ifndef BROKEN_no_contended_mark
                contended = true
#else
                skip
#endif
            };
#ifdef BROKEN_gate_read_late
            seen_gate = gate;
#endif
            atomic { /* FUTEX_WAIT */
                if
                :: gate == seen_gate -> at_gate = at_gate | (1 << me)
                :: else
                fi
            };
            (at_gate & (1 << me)) == 0
        :: !held
        fi
    od;
    seen_gate = 0
}

proctype waker(byte me) {
    byte wakes;
    bool was_held, was_contended;
    do
    :: wakes == WAKES -> break
    :: else ->
        wakes++;
        leave_wake();
        if :: !was_held -> let_go() :: else fi;
        was_held = false
    od
}

proctype remover(byte me) {
    byte seen_gate;
    bool was_contended, found;
#ifdef BROKEN_remove_without_hold
    atomic { found = member[0]; member[0] = false; due[0] = 0 };
#else
    hold();
    atomic { found = member[0]; if :: member[0] -> member[0] = false; due[0] = 0 :: else fi };
    let_go();
#endif
    if
    :: found -> atomic { assert(not_after_removal && running[0] == 0); removal_returned = true }
    :: else
    fi
}

proctype adder(byte me) {
    byte seen_taken;
    joins_beside = true;
    seen_taken = taken;
    joined_walk[1] = seen_taken + pending;
    push_entry()
}

/* Runs when nobody else can. */
proctype judge() {
    timeout;
    assert(no_wake_lost && pending == 0 && due[0] == 0 && due[1] == 0);
    assert(remove_ends && at_gate == 0 && !held)
}

init {
    byte i;
    atomic {
        for (i : 1 .. WAKERS) { run waker(i - 1) }
#if REMOVERS > 0
        for (i : 1 .. REMOVERS) { run remover(2 + i) }
#endif
#if ADDERS > 0
        run adder(6);
#endif
        run judge();
        i = 0
    }
}
