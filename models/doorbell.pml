/* doorbell.pml: the descriptor beside an object: marks `armed` and `rung` of the word, and who is busy with the bell.
 *
 * Owns a copy of src/watch/doorbell.cpp and of what src/core tells it: LEVEL, and with ARMED the way that arms, ARM. A
 * bell is idle (no mark), armed, ringing (armed, and somebody is busy) or rung. The race is E4's stale ring: a reader
 * drains between the step of a writer that leaves zero and its ring; whoever rings looks at the count, and looks again
 * if anybody asked meanwhile. Invariants: when nobody is in a call the descriptor is readable exactly while there is
 * something; while adds need not ring it is readable; no event loop sleeps beside something to take.
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

bool true_at_rest = true, marks_agree = true, ring_done = true, no_ring_lost = true, few_calls = true;
bool nothing_left = true;

byte count;
bool armed, rung;         /* marks of the word */
bool busy, look, edge;    /* the bell's word */
bool held;                /* what the busy one knows of the descriptor */
bool readable, new_edge;  /* the descriptor, and whether an edge-triggered watcher has one to hear of */
byte transitions, calls;  /* with COUNT_CALLS: steps from and to zero, or marks that arms made; calls into the kernel */

inline note_call() {
#ifdef COUNT_CALLS
    calls++
#else
    skip
#endif
}
inline note_transition() {
#ifdef COUNT_CALLS
    transitions++
#else
    skip
#endif
}

inline set_armed() { if :: !armed -> armed = true; note_transition() :: else fi }

inline ring() { atomic { readable = true; new_edge = true; note_call() } }
inline silence() { atomic { readable = false; note_call() } }

inline note_ring() {
    atomic { /* LEVEL, rung */
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

inline answer() {
#ifdef ARMED
    ring();
#else
#ifdef BROKEN_ring_without_a_look
    something = true;
#else
    something = count > 0;
#endif
#ifdef BROKEN_mark_before_ring
    if :: something -> note_ring() :: else fi;
#endif
    if
#ifdef BROKEN_edge_only_if_silent
    :: something && !held -> ring(); held = true
#else
    :: something && (!held || with_edge) -> ring(); held = true
#endif
    :: !something && held -> silence(); held = false
    :: else
    fi;
#ifndef BROKEN_mark_before_ring
    if :: something -> note_ring() :: else fi;
#endif
    something = false;
#endif
    with_edge = false
}

inline request(wants_look, wants_edge) {
    atomic { /* LEVEL, request */
        was_busy = busy; busy = true; look = look || wants_look; edge = edge || wants_edge
    };
    if
#ifdef BROKEN_two_busy
    :: true ->
#else
    :: !was_busy ->
#endif
        do
#ifdef BROKEN_no_look_after_the_answer
        :: atomic { look || edge -> with_edge = edge; look = false; edge = false };
            answer();
            busy = false;
            break
#else
        :: atomic { look || edge -> with_edge = edge; look = false; edge = false };
            answer()
#ifdef BROKEN_cleared_after_the_answer
            ; atomic { look = false; edge = false }
#endif
#endif
        :: atomic { !look && !edge -> busy = false; break } /* LEVEL, let go */
        od
    :: else
    fi;
    was_busy = false
}

/* What an add or a read does for a bell that it found. */
inline tell(left_zero) {
#ifdef ARMED
#ifdef BROKEN_claim_in_two_steps
    mine = armed;
    armed = false;
#else
    atomic { mine = armed; armed = false }; /* ARM, claim */
#endif
    if :: mine -> mine = false; request(false, true) :: else fi
#else
#ifdef BROKEN_no_edge
    request(true, false)
#else
    request(true, left_zero)
#endif
#endif
}

inline add() {
    atomic {
        found = armed; left_zero = (count == 0);
#ifndef ARMED
        if :: left_zero -> note_transition() :: else fi;
        assert(ring_done && (!rung || armed || readable));
#endif
        count++
    };
    if :: found -> tell(left_zero) :: else fi;
    found = false; left_zero = false
}

/* Takes what is there, if anything is. */
inline take() {
    atomic {
        if
        :: count > 0 ->
#ifdef SEMAPHORE
            count--;
#else
            count = 0;
#endif
            found = (armed || rung) && count == 0;
#ifndef ARMED
            if :: count == 0 -> note_transition() :: else fi;
#endif
            if
#ifdef BROKEN_read_keeps_rung
            :: false
#else
            :: count == 0 && rung -> rung = false; armed = true
#endif
            :: else
            fi
        :: else
        fi
    };
#ifdef BROKEN_read_does_not_tell
    found = false;
#endif
    if :: found -> tell(false) :: else fi;
    found = false
}

proctype writer() {
    byte writes;
    bool found, left_zero, was_busy, with_edge, something, mine;
    do
    :: writes == WRITES -> break
    :: else -> writes++; add()
    od
}

proctype reader() {
    byte reads;
    bool found, was_busy, with_edge, something, mine;
    do
    :: reads == READS -> break
    :: else -> reads++; take()
    od
}

proctype attacher() {
    bool was_busy, with_edge, something;
#ifdef BROKEN_attach_looks_first
    request(true, false);
    atomic { armed = true }
#else
    atomic { armed = true }; /* LEVEL, attach */
    request(true, false)
#endif
}

/* An event loop: level-triggered, edge-triggered (LOOP_OF_EDGES), or arming. Takes once for each event. */
proctype event_loop() {
    bool found, was_busy, with_edge, something, mine;
#ifdef ARMED
end:do
    :: take();
        if
#ifdef BROKEN_arm_without_a_look
        :: atomic { true -> set_armed() };
#else
        :: atomic { count == 0 -> set_armed() }; /* ARM */
#endif
end_asleep: atomic { new_edge -> new_edge = false }
        :: count > 0
        fi
    od
#else
end:do
#ifdef LOOP_OF_EDGES
    :: atomic { new_edge && readable -> new_edge = false };
#else
    :: readable ->
#endif
        take()
    od
#endif
}

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
    assert(few_calls && calls + (armed_by_hand -> 1 : 0) <= transitions);
#endif
#ifndef ARMED
    assert(true_at_rest && readable == (count > 0));
    assert(marks_agree && armed == (count == 0) && rung == (count > 0));
#endif
    assert(nothing_left && !busy && !look && !edge)
}

init {
    byte i;
    atomic {
#ifndef ARMED
#ifndef ATTACHED_LATE
        armed = true;
#endif
#endif
        for (i : 1 .. WRITERS) { run writer() }
#if READERS > 0
        for (i : 1 .. READERS) { run reader() }
#endif
#ifdef ATTACHED_LATE
        run attacher();
#endif
#ifdef LOOP
        run event_loop();
#endif
        run judge();
        i = 0
    }
}
