/* SPDX-License-Identifier: MIT */
/* wait_all.pml: taking from two objects in one step, threads that meet a reserved object, and threads that sleep until all
 * is there.
 *
 * Owns a copy of src/core/reservation.cpp and src/watch/set_all.cpp: RESERVE, ALL_SLEEP. Each taker has a slot with the
 * step that its take is at; a reserved object has its stamp, and the object's record says which take that is and how much
 * it takes. A thread that meets a reserved object aborts a take that is undecided, or finishes one that has happened. With
 * STOPS a taker may stop for ever at any of its steps. Only the order of steps is modelled, not what memory may show late;
 * stamps never repeat. Invariants: units are conserved; no process sees a part of a take from all, and it happens whole or
 * not; what was taken was there at one moment (never more of B than of A); no process waits for a stopped taker (each of
 * the others comes to its end); no process sleeps for all while all is there. A taker tries again at most TRIES times, as
 * it could be aborted for ever.
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

#ifndef TRIES
#define TRIES 2
#endif
#define FREE 0
#define UNDECIDED 1
#define TAKEN 2
#define FAILED 3
#define SLOTS 3

bool conservation = true, all_or_none = true, one_moment = true, no_lost_wakeup = true, nothing_reserved = true;
bool nobody_waits = true, taken_once = true;

byte count[2], taken[2], given[2];
byte reserved[2];    /* the stamp of the reservation, 0: none */
byte stamp[2];       /* the last that was used */
byte record_slot[2]; /* 0: nobody's; of which take the object says that it reserves it, or is about to */
byte record_stamp[2];
byte record_amount[2];
byte state[SLOTS + 1];
byte alls;            /* takes from both */
bool gone;            /* B has left: A alone is all */
byte inside_b;        /* takers that are inside of it */
bool goes_first;      /* a taker that was aborted too often; of these, one at a time, and once those who met it are through */
byte meeting;         /* threads that have met a reserved object and are not through */
byte running;         /* of those who never stop */
bool has_stopped;

bool awaited[2];     /* ALL_SLEEP: the member is slept for */
byte all_gate, all_asleep, all_wakes;

#ifdef STOPS
#define MAY_STOP if :: !has_stopped -> has_stopped = true; goto end_stopped :: true fi
#else
#define MAY_STOP skip
#endif

/* A thread meets a reserved object; `got_amount` is what the take that reserves it has taken. One step where nothing that others do
 * could come between: the word is changed only if it still bears the stamp that was seen. */
inline end_reservation(m) {
    seen_stamp = reserved[m];
    do
    :: seen_stamp == 0 -> break
    :: else ->
        atomic { met_slot = record_slot[m]; met_stamp = record_stamp[m]; met_amount = record_amount[m] };
        got_amount = 0;
        if
#ifdef BROKEN_record_not_compared
        :: met_slot != 0 ->
#else
        :: met_slot != 0 && met_stamp == seen_stamp ->
#endif
            atomic {
                if
#ifndef BROKEN_undecided_is_not_broken
                :: state[met_slot] == UNDECIDED -> state[met_slot] = FAILED
#endif
                :: state[met_slot] == TAKEN -> got_amount = met_amount
                :: else
                fi
            }
        :: else
        fi;
        atomic {
            if
#ifdef BROKEN_stamp_not_compared
            :: reserved[m] != 0 ->
#else
            :: reserved[m] == seen_stamp ->
#endif
                reserved[m] = 0;
                assert(taken_once && count[m] >= got_amount);
                count[m] = count[m] - got_amount;
#ifdef BROKEN_finished_without_the_amount
                count[m] = count[m] + got_amount
#endif
            :: else
            fi;
            seen_stamp = reserved[m]
        }
    od;
    met_slot = 0; met_stamp = 0; met_amount = 0; got_amount = 0; seen_stamp = 0
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
    atomic { found_reserved = (reserved[m] != 0); count[m]++; given[m]++ };
#ifndef BROKEN_add_returns_undecided
    if :: found_reserved -> meeting++; end_reservation(m); meeting-- :: else fi;
#endif
    found_reserved = false;
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
#ifdef BROKEN_reader_takes_what_is_reserved
            :: true -> got = (count[m] > 0); taken[m] = taken[m] + count[m]; count[m] = 0; break
#else
#ifdef BROKEN_reader_says_nothing_there
            :: reserved[m] != 0 -> break
#else
            :: reserved[m] != 0 -> skip
#endif
            :: reserved[m] == 0 -> got = (count[m] > 0); taken[m] = taken[m] + count[m]; count[m] = 0; break
#endif
            fi
        };
        if :: !is_meeting -> is_meeting = true; meeting++ :: else fi;
        end_reservation(m)
    od;
    if :: is_meeting -> is_meeting = false; meeting-- :: else fi
}

/* Looks, and decides nothing: a take that is undecided has not happened yet. The word is looked at once more behind that. */
inline look(m) {
    got = false;
    do
    :: atomic { seen_stamp = reserved[m]; seen_count = count[m] };
#ifdef BROKEN_look_counts_what_is_gone
        got = (seen_count > 0); break;
#endif
        if
        :: seen_stamp == 0 -> got = (seen_count > 0); break
        :: else
        fi;
        atomic { met_slot = record_slot[m]; met_stamp = record_stamp[m]; met_amount = record_amount[m] };
        got_amount = 0;
        if
        :: met_slot != 0 && met_stamp == seen_stamp && state[met_slot] == TAKEN -> got_amount = met_amount
        :: else
        fi;
#ifdef BROKEN_look_is_not_repeated
        if :: true ->
#else
        if :: reserved[m] == seen_stamp && count[m] == seen_count ->
#endif
            got = (seen_count > got_amount); break
        :: else
        fi
    od;
    met_slot = 0; met_stamp = 0; met_amount = 0; got_amount = 0; seen_stamp = 0; seen_count = 0
}

/* outcome: RESERVED, EMPTY or ABORTED. */
#define RESERVED 1
#define EMPTY 2
#define ABORTED 3
inline reserve(m) {
    atomic { stamp[m]++; own_stamp = stamp[m] };
    own_record = false;
    do
    :: found_slot = 0;
        atomic {
            if
            :: own_record && (record_slot[m] != me || record_stamp[m] != own_stamp) -> outcome = ABORTED; break
            :: !own_record && record_slot[m] != 0 -> found_slot = record_slot[m]; found_stamp = record_stamp[m]
            :: else
            fi
        };
#ifdef BROKEN_word_seen_before_it_is_decided
        atomic { seen_reserved = reserved[m]; seen_count = count[m] };
#endif
#ifndef BROKEN_record_changed_undecided
        atomic { if :: found_slot != 0 && state[found_slot] == UNDECIDED -> state[found_slot] = FAILED :: else fi };
#endif
#ifndef BROKEN_word_seen_before_it_is_decided
        atomic { seen_reserved = reserved[m]; seen_count = count[m] };
#endif
        if
        :: seen_reserved != 0 ->
            if :: state[me] == FAILED -> outcome = ABORTED; break :: else fi;
            end_reservation(m)
        :: seen_reserved == 0 && seen_count == 0 -> outcome = EMPTY; break
        :: else ->
            MAY_STOP;
            atomic {
                if
                :: own_record -> /* the same record, with another amount */
                    if
                    :: record_slot[m] == me && record_stamp[m] == own_stamp -> record_amount[m] = seen_count
                    :: else -> outcome = ABORTED
                    fi
                :: !own_record && (record_slot[m] != 0 -> record_stamp[m] : 0) == (found_slot != 0 -> found_stamp : 0) ->
                    record_slot[m] = me; record_stamp[m] = own_stamp; record_amount[m] = seen_count; own_record = true
                :: else
                fi
            };
            if :: outcome == ABORTED -> break :: else fi;
            MAY_STOP;
            atomic {
                if
                :: own_record && reserved[m] == 0 && count[m] == seen_count ->
                    reserved[m] = own_stamp; amount[m] = seen_count; outcome = RESERVED; break
                :: else
                fi
            }
        fi
    od;
    my_stamp[m] = own_stamp;
    found_slot = 0; found_stamp = 0; seen_reserved = 0; seen_count = 0; own_stamp = 0; own_record = false
}

inline release(m) {
    atomic {
        if
        :: my_stamp[m] != 0 && reserved[m] == my_stamp[m] ->
            reserved[m] = 0;
#ifdef BROKEN_amount_settled_at_release
            if :: success -> amount[m] = count[m] :: else fi;
#endif
#ifdef BROKEN_broken_and_taken
            count[m] = count[m] - amount[m]
#else
            if :: success -> assert(taken_once && count[m] >= amount[m]); count[m] = count[m] - amount[m] :: else fi
#endif
        :: else
        fi
    };
    MAY_STOP;
    atomic { if :: record_slot[m] == me && record_stamp[m] == my_stamp[m] -> record_slot[m] = 0 :: else fi };
    my_stamp[m] = 0
}

/* success: both were taken from; else `missing` was seen empty, or the take was aborted. */
inline try_all() {
    success = false; was_aborted = false;
    amount[0] = 0; amount[1] = 0;
    atomic { with_b = !gone; if :: with_b -> inside_b++ :: else fi };
#ifdef BROKEN_commits_before_all_are_reserved
    state[me] = TAKEN;
#else
    state[me] = UNDECIDED;
#endif
    outcome = 0;
    reserve(0);
    MAY_STOP;
    if :: outcome == EMPTY -> missing = 0 :: else fi;
    if
    :: outcome == RESERVED && with_b -> outcome = 0; reserve(1); if :: outcome == EMPTY -> missing = 1 :: else fi
    :: else
    fi;
    MAY_STOP;
    if :: outcome == ABORTED -> was_aborted = true :: else fi;
    atomic {
        if
#ifdef BROKEN_commits_what_is_broken
        :: outcome == RESERVED ->
#else
        :: outcome == RESERVED && state[me] != FAILED ->
#endif
            state[me] = TAKEN; success = true; /* RESERVE, commit */
            taken[0] = taken[0] + amount[0]; taken[1] = taken[1] + amount[1];
            alls++;
#ifdef WRITER_LEADS
            assert(one_moment && amount[0] >= amount[1])
#endif
        :: else -> was_aborted = (was_aborted || outcome == RESERVED); state[me] = FAILED
        fi
    };
    MAY_STOP;
    release(0);
    MAY_STOP;
    release(1);
    state[me] = FREE;
    if :: with_b -> inside_b-- :: else fi;
    with_b = false;
    outcome = 0
}

#define TAKER_LOCALS \
    byte amount[2], my_stamp[2]; \
    bool success, was, was_aborted, own_record, with_b; \
    byte missing, outcome, own_stamp, found_slot, found_stamp, seen_reserved, seen_count; \
    byte seen_stamp, met_slot, met_stamp, met_amount, got_amount
#define MEETER_LOCALS \
    byte seen_stamp, met_slot, met_stamp, met_amount, got_amount, seen_count; \
    bool is_meeting

proctype taker(byte me) {
    TAKER_LOCALS;
    byte tries;
    do
    :: try_all();
        tries++;
        if :: !was_aborted || tries == TRIES -> break :: else fi
    od;
    goto end_done;
end_stopped:
    atomic { false -> skip };
end_done:
    skip
}

proctype sleeper(byte me) {
    TAKER_LOCALS;
    byte seen, tries;
    do
    :: if
        :: tries < TRIES -> try_all()
        :: else ->
            atomic { !goes_first && meeting == 0 -> goes_first = true };
            try_all();
            goes_first = false
        fi;
        if
        :: success -> break
        :: was_aborted -> if :: tries < TRIES -> tries++ :: else fi
        :: else ->
            tries = 0;
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
end_asleep:         atomic { all_wakes > 0 -> all_wakes--; all_asleep-- }
                fi
            fi
        fi
    od;
    goto end_done;
end_stopped:
    atomic { false -> skip };
end_done:
    skip
}

proctype writer() {
    MEETER_LOCALS;
    byte writes;
    bool found_reserved, was;
    do
    :: writes == WRITES -> break
    :: else -> writes++; add(0); add(1)
    od;
    running--
}

/* Takes A and then B. Without a writer: if A was gone, it went together with B. */
proctype reader() {
    MEETER_LOCALS;
    bool got, first;
    take(0);
    first = got;
    take(1);
#if WRITES == 0
    assert(all_or_none && (first || !got));
#endif
    if :: first -> assert(all_or_none && (alls == 0 || WRITES > 0)) :: else fi;
    running--
}

proctype looker() {
    MEETER_LOCALS;
    bool got, first;
    look(0);
    first = got;
    look(1);
    assert(all_or_none && (first || !got));
    running--
}

proctype other_reader() {
    MEETER_LOCALS;
    bool got;
    take(1);
    running--
}

/* B leaves once no process is inside of it; a process that sleeps for it looks again. */
proctype leaver() {
    gone = true;
    inside_b == 0;
#ifndef BROKEN_leaves_without_a_wake
    atomic { if :: awaited[1] -> all_gate++; all_wakes = all_asleep :: else fi };
#endif
    running--
}

proctype judge() {
    MEETER_LOCALS;
    byte m;
    timeout;
    assert(nobody_waits && running == 0);
    assert(no_lost_wakeup && (all_asleep == 0 || count[0] == 0 || (count[1] == 0 && !gone)));
    for (m : 0 .. 1) {
#ifdef STOPS
        end_reservation(m);
#endif
        assert(nothing_reserved && reserved[m] == 0);
        assert(conservation && given[m] == taken[m] + count[m])
    }
}

init {
    byte i;
    atomic {
        count[0] = START_A; given[0] = START_A;
        count[1] = START_B; given[1] = START_B;
#if TAKERS > 0
        for (i : 1 .. TAKERS) { run taker(i) }
#endif
#if SLEEPERS > 0
        for (i : 1 .. SLEEPERS) { run sleeper(TAKERS + i) }
#endif
#if WRITES > 0
        running++; run writer();
#endif
#ifdef READER
        running++; run reader();
#endif
#ifdef LOOKER
        running++; run looker();
#endif
#ifdef OTHER_READER
        running++; run other_reader();
#endif
#ifdef LEAVER
        running++; run leaver();
#endif
        run judge();
        i = 0
    }
}
