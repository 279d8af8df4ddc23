/* SPDX-License-Identifier: MIT */
/* doorbell.pml: the descriptor beside an object: marks `armed` and `rung` of the word, and which thread is busy with the doorbell.
 *
 * Owns a copy of src/watch/doorbell.cpp and of how src/core notifies it: LEVEL, and with ARMED the way that arms, ARM;
 * with EVERY the way in which each add is an edge, EVERY;
 * how it shows that there is no room is left to the explorer. The race is E4's stale ring: a reader drains between the
 * step of a writer that leaves zero and its ring. So who left zero rings at once and asks for a look after it; one at a
 * time is busy and looks, silences what rang for nothing, rings again for a ring that a silence took, and says `rung`
 * once a ring is done. A process inside a ring, or busy, may be stopped there: so an add rings by itself unless a ring is
 * surely done and nobody takes rings away (SURELY_RUNG), and the mark of an armed doorbell goes after the ring, if it is of
 * the same arm. Invariants: an add that returns leaves no watcher asleep, at whatever step the others stand, be it for
 * ever; when nobody is in a call the descriptor is readable exactly while there is something;
 * while adds need not ring it is readable; no event loop sleeps beside something to take; calls into the kernel are few.
 */
#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef WRITES
#define WRITES 1 /* of each writer */
#endif
#ifndef READERS
#define READERS 2
#endif
#ifndef READS
#define READS 1 /* of each reader, that find something or not */
#endif
#ifndef ATTACHERS
#define ATTACHERS 0 /* above 0: there is no descriptor in the beginning */
#endif
#if defined(ARMED) || defined(LOOP_OF_EDGES) || defined(EVERY)
#define EDGES
#endif

bool true_at_rest = true, marks_agree = true, numbers_agree = true, ring_done = true, no_ring_lost = true;
bool few_calls = true, nothing_left = true, rung_by_return = true, every_heard = true;

byte count;
bool armed, rung; /* marks of the word */
bool busy, look, taking; /* the doorbell's word */
short rings_begun, rings_done; /* rings, less those that silences have taken */
byte held; /* the descriptor: readable while above zero */
#ifdef EDGES
bool new_edge; /* an edge-triggered watcher has one to hear of */
#endif
#if ATTACHERS > 0
bool made; /* the descriptor */
#endif
#ifdef ARMED
byte stamp; /* of the last arm */
bool loop_sleeps;
#endif
#ifdef EVERY
bool unheard; /* an add that a listening loop has had no event since, and that nobody took */
#endif
#ifdef CHECK_RETURNS
byte under_way; /* units of adds that have not returned */
byte silences;
#endif
#ifdef STRAY_READ
bool drained; /* the object, after somebody has read the descriptor, who should not have: that mends it */
#endif
#ifdef COUNT_CALLS
byte ups, downs, told, arms;    /* steps from and to zero, adds that found the doorbell armed, marks that arms made */
byte ring_calls, silence_calls; /* into the kernel */
#define NOTE(what) what++
#else
#define NOTE(what) skip
#endif

inline write_to_bell() {
    d_step {
        held++;
#ifdef EDGES
        new_edge = true;
#endif
        NOTE(ring_calls)
    }
}

inline ring() {
    rings_begun++; /* LEVEL, begun */
#ifdef BROKEN_done_before_ring
    rings_done++;
    write_to_bell()
#else
    write_to_bell();
    rings_done++ /* LEVEL, done */
#endif
}

/* While the mark is there no add trusts a ring: SURELY_RUNG. */
inline silence() {
    taking = true;
    take_rings();
    taking = false;
    took = true
}

inline take_rings() {
#ifndef BROKEN_silence_looks_late
    surely = rings_done;
#endif
    d_step {
        taken = held; held = 0; NOTE(silence_calls);
#ifdef CHECK_RETURNS
        silences++
#endif
    };
#ifdef BROKEN_silence_looks_late
    surely = rings_done;
#endif
    d_step {
#ifdef BROKEN_silence_counts_one
        if :: taken > 1 -> taken = 1 :: else fi;
#endif
#ifndef BROKEN_silence_asks_nobody
        if :: taken == 0 && surely > 0 -> taken = surely :: else fi;
#endif
        surely = 0;
        rings_begun = rings_begun - taken
    };
    d_step { rings_done = rings_done - taken; taken = 0 }
}

inline note_ring() {
    d_step { /* LEVEL, rung */
        if
#ifdef BROKEN_rung_at_zero
        :: armed -> armed = false; rung = true
#else
        :: armed && count > 0 -> armed = false; rung = true
#endif
        :: else
        fi
    }
}

/* By who is busy: brings the descriptor to what it must hold. */
inline answer() {
    if
    :: count == 0 ->
        if :: rings_begun != 0 -> silence() :: rings_begun == 0 fi
    :: count > 0 ->
#ifndef BROKEN_swallowed_ring_forgotten
#ifdef BROKEN_rings_at_each_look
        ring();
#else
        if
        :: rings_begun == 0 -> ring()
        :: rings_begun != 0 ->
#ifndef BROKEN_taker_makes_not_sure
            if :: took && rings_done <= 0 -> ring() :: !took || rings_done > 0 fi
#endif
            skip
        fi;
#endif
#endif
#if defined(EVERY) && !defined(BROKEN_every_notes_the_ring)
        skip
#else
#ifdef BROKEN_rung_when_begun
        note_ring()
#else
        if :: rings_done > 0 -> note_ring() :: rings_done <= 0 fi
#endif
#endif
    fi
}

inline request() {
    d_step { was_busy = busy; was_taking = taking; busy = true; look = true } /* LEVEL, request */
}

/* An add: rings unless a ring is surely done. A process that has rung asks for a look that comes after it. */
inline make_sure() {
#ifdef BROKEN_trusts_a_ring_begun
    unsure = false;
#else
#ifdef BROKEN_trusts_a_silence
    unsure = rings_done <= 0;
#else
    unsure = was_taking || rings_done <= 0;
#endif
#endif
    if
    :: unsure ->
        if
        :: count > 0 ->
            ring();
            if
            :: was_busy -> request()
            :: else
            fi
        :: count == 0
        fi
    :: else
    fi;
    unsure = false; was_taking = false
}

inline look_if_free() {
    if
#ifdef BROKEN_two_busy
    :: true ->
#else
    :: !was_busy ->
#endif
        was_busy = false; was_taking = false;
        do
#ifdef BROKEN_cleared_after_the_look
        :: look -> answer(); look = false
#else
        :: d_step { look -> look = false };
            answer()
#ifdef BROKEN_requests_meanwhile_dropped
            ; look = false
#endif
#endif
        :: d_step { !look -> busy = false }; break /* LEVEL, let go */
        od;
        took = false
#ifndef BROKEN_two_busy
    :: else -> was_busy = false; was_taking = false
#endif
    fi
}

#ifdef EVERY
/* An edge: a ring where none is surely done, else a write of nothing. */
inline make_edge() {
    unsure = taking || rings_done <= 0;
    if
    :: unsure && count > 0 -> ring()
    :: else ->
#ifndef BROKEN_every_makes_no_edge_above_zero
        new_edge = true
#endif
        skip
    fi;
    unsure = false
}
#endif

/* What an add or a read does for a doorbell that it found. */
inline tell(is_add, rings_first) {
#ifdef ARMED
    d_step { mine = armed; my_stamp = stamp };
    if
    :: mine && is_add ->
        if
        :: count > 0 ->
#ifdef BROKEN_mark_gone_before_the_ring
            d_step { if :: armed && stamp == my_stamp -> armed = false :: else fi };
            write_to_bell()
#else
            write_to_bell();
#ifdef BROKEN_ring_ends_any_arm
            armed = false
#else
#ifdef BROKEN_ring_keeps_mark
            skip
#else
            d_step { if :: armed && stamp == my_stamp -> armed = false :: else fi } /* ARM, rung */
#endif
#endif
#endif
        :: count == 0
        fi
    :: else
    fi;
    mine = false; my_stamp = 0
#else
    if
#ifdef EVERY
    :: is_add -> make_edge()
#else
#ifdef BROKEN_ring_only_if_none_begun
    :: rings_first && rings_begun == 0 -> ring()
#else
#ifdef BROKEN_ring_only_if_none_done
    :: rings_first && rings_done <= 0 -> ring()
#else
    :: rings_first && count > 0 -> ring()
#endif
#endif
#endif
    :: else
    fi;
#ifdef BROKEN_ring_asks_nobody
    if
    :: !rings_first -> request(); look_if_free()
    :: else
    fi
#else
    request();
    if :: is_add -> make_sure() :: else fi;
    look_if_free()
#endif
#endif
}

inline add() {
    d_step {
        found = armed; left_zero = (count == 0);
#ifndef ARMED
        if :: left_zero -> NOTE(ups) :: else fi;
        if :: found -> NOTE(told) :: else fi;
        assert(ring_done && (!rung || armed || held > 0));
#endif
#ifdef CHECK_RETURNS
        under_way++; silences_before = silences;
#endif
#ifdef EVERY
        unheard = true;
#endif
        count++
    };
    if :: found -> tell(true, left_zero) :: else fi;
#ifdef CHECK_RETURNS
    /* A ring that was taken away while this add ran is excused: the process that took it rings again; if it is stopped before
     * that, the next add does. */
    d_step {
        under_way--;
#ifdef ARMED
        assert(rung_by_return && (count <= under_way || !loop_sleeps || new_edge));
#else
        assert(rung_by_return && (count <= under_way || held > 0 || silences != silences_before));
#endif
        silences_before = 0
    };
#endif
    found = false; left_zero = false
}

/* Takes what is there, if anything is. */
inline take() {
    d_step {
        if
        :: count > 0 ->
#ifdef SEMAPHORE
            count--;
#else
            count = 0;
#endif
            found = (armed || rung) && count == 0;
#ifdef EVERY
            if :: count == 0 -> unheard = false :: else fi;
#endif
#ifndef ARMED
            if :: count == 0 -> NOTE(downs) :: else fi;
#endif
            if
#ifdef BROKEN_read_keeps_rung
            :: false
#else
#ifdef BROKEN_read_does_not_arm
            :: count == 0 && rung -> rung = false
#else
            :: count == 0 && rung -> rung = false; armed = true /* LEVEL, unring */
#endif
#endif
            :: else
            fi
        :: else
        fi
#ifdef BROKEN_read_does_not_tell
        ; found = false
#endif
    };
    if :: found -> tell(false, false) :: else fi;
#if defined(CHECK_RETURNS) && !defined(ARMED)
    assert(rung_by_return && (count <= under_way || held > 0 || busy)); /* the busy process is not done yet */
#endif
    found = false
}

#ifdef STRAY_READ
#define ONCE_DRAINED drained
#else
#define ONCE_DRAINED true
#endif

#ifdef ARMED
#define OF_ARMS byte my_stamp; bool mine
#else
#define OF_ARMS bool was_busy, was_taking, unsure, took
#endif

proctype writer() {
    byte writes;
    short surely, taken;
    bool found, left_zero;
    OF_ARMS;
#ifdef CHECK_RETURNS
    byte silences_before;
#endif
    ONCE_DRAINED;
    do
    :: writes == WRITES -> break
    :: else -> writes++; add()
    od
}

proctype reader() {
    byte reads;
    short surely, taken;
    bool found;
    OF_ARMS;
    ONCE_DRAINED;
    do
    :: reads == READS -> break
    :: else -> reads++; take()
    od
}

#ifdef STRAY_READ
proctype drainer() {
    short surely, taken;
    bool found;
    OF_ARMS;
    take();
    drained = true
}
#endif

#if ATTACHERS > 0
proctype attacher() {
    short surely, taken;
    bool readable, first;
    OF_ARMS;
    readable = count > 0;
    d_step { first = !made; made = true; if :: first && readable -> held++ :: else fi };
    if :: first && readable -> rings_begun++; rings_done++ :: else fi;
#ifdef BROKEN_attach_looks_first
    request();
    make_sure();
    look_if_free();
    armed = true
#else
    armed = true; /* LEVEL, attach */
    request();
    make_sure();
    look_if_free()
#endif
}
#endif

/* An event loop: level-triggered, edge-triggered (LOOP_OF_EDGES), or arming. Takes once for each event. */
proctype event_loop() {
    short surely, taken;
    bool found;
    OF_ARMS;
#ifdef ARMED
end:do
    :: take();
        if
#ifdef BROKEN_arm_without_a_look
        :: d_step { true -> armed = true; stamp++; NOTE(arms); loop_sleeps = true };
#else
        :: d_step { count == 0 -> armed = true; stamp++; NOTE(arms); loop_sleeps = true }; /* ARM */
#endif
end_asleep: d_step { new_edge -> new_edge = false; loop_sleeps = false }
        :: count > 0
        fi
    od
#else
end:do
#ifdef LOOP_OF_EDGES
    :: d_step { new_edge && held > 0 -> new_edge = false };
#else
    :: held > 0 ->
#endif
        take()
    od
#endif
}

#ifdef LISTENER
/* An edge-triggered loop that never reads; epoll drops an edge of a descriptor that is silent when it looks. */
proctype listener() {
end:do
    :: d_step { new_edge && held > 0 -> new_edge = false; unheard = false }
    :: d_step { new_edge && held == 0 -> new_edge = false }
    od
}
#endif

/* Runs when nobody else can. */
proctype judge() {
    bool armed_by_hand; /* an arm that waits for its ring yet */
    timeout;
#ifdef ARMED
    armed_by_hand = armed;
#endif
#ifdef LOOP
    assert(no_ring_lost && count == 0);
#endif
#ifdef COUNT_CALLS
#ifdef ARMED
    assert(few_calls && ring_calls <= (arms - (armed_by_hand -> 1 : 0)) * WRITERS && silence_calls == 0);
#else
    assert(few_calls && ring_calls <= 2 * ups + told);
#if WRITERS == 1
    assert(few_calls && silence_calls <= downs + 2 * ups);
#else
    assert(few_calls && silence_calls <= downs + 2 * told);
#endif
#endif
#endif
#ifdef LISTENER
    assert(every_heard && !unheard);
#endif
#ifndef ARMED
    assert(true_at_rest && (held > 0) == (count > 0));
#ifdef CHECK_MARKS
#ifdef EVERY
    assert(marks_agree && armed && !rung);
#else
    assert(marks_agree && armed == (count == 0) && rung == (count > 0));
#endif
    assert(numbers_agree && rings_begun == held && rings_done == held);
#endif
#endif
    assert(nothing_left && !busy && !look && !taking)
}

init {
    byte i;
    atomic {
#ifdef STRAY_READ
        count = 1; rung = true; rings_begun = 1; rings_done = 1;
        run drainer();
#else
#if ATTACHERS > 0
        for (i : 1 .. ATTACHERS) { run attacher() }
#else
#ifndef ARMED
        armed = true;
#endif
#endif
#endif
        for (i : 1 .. WRITERS) { run writer() }
#if READERS > 0
        for (i : 1 .. READERS) { run reader() }
#endif
#ifdef LOOP
        run event_loop();
#endif
#ifdef LISTENER
        run listener();
#endif
        run judge();
        i = 0
    }
}
