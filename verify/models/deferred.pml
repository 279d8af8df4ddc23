/* SPDX-License-Identifier: MIT */
/* deferred.pml: callbacks that wake other queues, and add or remove there: three queues, two threads.
 *
 * Owns the thread's list of queues that it owes wakes (src/core/wait_queue.cpp, run_deferred) over queues as in
 * queue.pml, whose gate is taken for granted here. A thread that is inside a callback and finds another queue free leaves
 * its wake there, unheld, and comes back for it when the callback has returned (QUEUE_OWED); who comes first runs it. An
 * add or remove inside a callback must not wait for a queue that another thread holds: it is refused with `deadlock`, and
 * its caller defers it. Invariants: on one thread no callback runs inside another, on one queue none beside another,
 * every wake is run, and nobody waits for ever.
 */
#ifndef WAKES
#define WAKES 1
#endif
#ifndef SECOND
#define SECOND 1 /* the queue that the second thread wakes */
#endif
#ifndef WRITES_OF_CALLBACKS
#define WRITES_OF_CALLBACKS 1 /* how often each queue's callback writes to the next queue */
#endif
bool no_wake_lost = true, one_at_a_time = true, callbacks_do_not_nest = true, nobody_waits_for_ever = true;

bool held[3], owed[3];
byte holder[3] = 99;
byte pending[3], running[3];
byte written[3], inside[2], back[2]; /* back: the queues to which a thread owes wakes, a bit for each */
byte left_behind, ran;

/* For whom may not run callbacks now. */
inline owe(q) {
    if
    :: !owed[q] -> owed[q] = true; back[me] = back[me] | (1 << q)
    :: else
    fi
}

inline leave_wake(q) {
    atomic { /* QUEUE_HANDOVER */
        pending[q]++; left_behind++;
        if
        :: held[q]
        :: !held[q] && inside[me] > 0 ->
#ifndef BROKEN_owed_is_not_noted
            owe(q)
#else
            skip
#endif
        :: !held[q] && inside[me] == 0 -> held[q] = true; holder[q] = me; takes = true
        fi
    }
}

/* An add or remove inside a callback: nested if this thread holds the queue already. What comes meanwhile is owed. */
inline change(q) {
    if
    :: atomic { held[q] && holder[q] == me -> skip }
    :: atomic { !held[q] -> held[q] = true; holder[q] = me };
        atomic {
            held[q] = false; holder[q] = 99;
            if :: pending[q] > 0 -> owe(q) :: else fi
        }
#ifdef BROKEN_wait_inside_callback
    /* waits until one of the two above can be done */
#else
    :: atomic { held[q] && holder[q] != me -> skip } /* deadlock, nothing changed */
#endif
    fi
}

/* Queue 0's callback writes to queue 1, 1's to 2, 2's to 0. */
inline callback(q) {
    atomic {
        running[q]++; inside[me]++; ran++;
        assert(one_at_a_time && running[q] == 1);
        assert(callbacks_do_not_nest && inside[me] == 1)
    };
    if
    :: written[q] < WRITES_OF_CALLBACKS -> written[q]++; leave_wake((q + 1) % 3)
    :: else
    fi;
#ifdef CALLBACKS_CHANGE
    if
    :: true -> change((q + 1) % 3)
    :: true -> change((q + 2) % 3)
    fi;
#endif
    atomic { running[q]--; inside[me]-- }
}

/* let_go of a queue that is held. */
inline run_queue(q) {
    do
    :: atomic { pending[q] > 0 -> pending[q]-- }; callback(q)
#ifdef BROKEN_let_go_without_a_look
    :: pending[q] == 0 -> atomic { held[q] = false; holder[q] = 99 }; break
#else
    :: atomic { pending[q] == 0 -> held[q] = false; holder[q] = 99 }; break /* QUEUE_HANDOVER */
#endif
    od
}

proctype thread(byte me; byte first) {
    byte q, wakes;
    bool takes;
    do
    :: wakes == WAKES -> break
    :: else ->
        wakes++;
        q = first;
        leave_wake(q);
        if :: takes -> takes = false; run_queue(q) :: else fi;
        /* run_deferred */
        do
        :: back[me] == 0 -> break
        :: else ->
            atomic {
                if
                :: back[me] & 1 -> q = 0
                :: back[me] & 2 -> q = 1
                :: back[me] & 4 -> q = 2
                fi;
                back[me] = back[me] & (7 - (1 << q))
            };
            atomic { /* QUEUE_OWED: a holder runs it, or owes it itself */
                owed[q] = false;
                if
                :: !held[q] && pending[q] > 0 -> held[q] = true; holder[q] = me; takes = true
                :: else
                fi
            };
            if :: takes -> takes = false; run_queue(q) :: else fi
        od;
        q = 0
    od
}

/* Runs when nobody else can. */
proctype judge() {
    timeout;
    assert(nobody_waits_for_ever && inside[0] == 0 && inside[1] == 0);
    assert(no_wake_lost && left_behind == ran && pending[0] + pending[1] + pending[2] == 0);
    assert(nobody_waits_for_ever && !held[0] && !held[1] && !held[2])
}

init {
    atomic {
        run thread(0, 0);
        run thread(1, SECOND);
        run judge()
    }
}
