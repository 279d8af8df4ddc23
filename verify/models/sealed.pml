/* SPDX-License-Identifier: MIT */
/* sealed.pml: sleep and wake in the sealed regime: one count changed by compare-and-swap, two park words beside it.
 *
 * Owns a copy of src/core/sealed.cpp and of the wakes in src/core/context.cpp. The count is base + huge_ as one number
 * here (verify/models/seal_switch.pml has the two), the ceiling is small, so that writers really wait for room. Steps carry the
 * names of the comments in the code. SEALED_PARK is a race between two words: what a processor with a store buffer may
 * do where a read-modify-write is missing, look at the second word before its own step on the first is seen, is an
 * early look here (broken variants changer_looks_early and sleeper_looks_early).
 */
#ifndef READERS
#define READERS 2
#endif
#ifndef READS
#define READS 1
#endif
#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef WRITES
#define WRITES 1
#endif
#ifndef UNITS_0
#define UNITS_0 1 /* in each write of writer 0 */
#endif
#ifndef UNITS_1
#define UNITS_1 1
#endif
#ifndef CEILING
#define CEILING 5
#endif
#ifndef START
#define START 0
#endif
#ifndef SIGNALLERS
#define SIGNALLERS 0
#endif
#ifndef LEAVERS
#define LEAVERS 0 /* bit 0: reader 0 may leave, bit 1: writer 0 */
#endif
#ifndef CANCELLABLE
#define CANCELLABLE 0 /* the same bits: waits with a stop token */
#endif
#define R 0 /* the readers' park word, the writers' park word */
#define W 1
#define EVERYBODY 99

bool conservation = true, bound = true, no_lost_wakeup = true, no_lost_cancel = true, mark_never_missing = true;

byte cnt = START, in_flight = START; /* units written and not taken */
bool asleep[2], arrived[2];
byte generation[2], fresh;

/* Processes: readers 0 and 1, writers 2 and 3, then signaller and canceller. In the kernel's queue (1), chosen (2). */
byte spot[4];
byte expected[4], my_generations[6];
#define in_queue(p) (spot[p] == 1)
#define sleeps(side) (in_queue((side) * 2) || in_queue((side) * 2 + 1))
#define known_1(t) (generation[0] == t || generation[1] == t || expected[0] == t || expected[1] == t || expected[2] == t)
#define known_2(t) (expected[3] == t || my_generations[0] == t || my_generations[1] == t || my_generations[2] == t || my_generations[3] == t)
#define known(t) (known_1(t) || known_2(t) || my_generations[4] == t || my_generations[5] == t)
byte wants[2]; /* the sleeping writer's units */
bool stop_state; /* the mark `cancelled` of a waiter's own word, on which it sleeps, too; HERD: on the object's alone */
#if defined(HERD) || defined(BROKEN_own_word_not_compared)
#define own_changed(bit) false
#else
#define own_changed(bit) ((CANCELLABLE & (bit)) && stop_state)
#endif

#ifdef SEMAPHORE
#define amount 1
#define most_readers(n) n
#else
#define amount cnt
#define most_readers(n) 1
#endif
#ifdef BROKEN_bound_off_by_one
#define admitted(n) ((n) <= CEILING - cnt)
#else
#define admitted(n) ((n) < CEILING - cnt)
#endif
#ifdef BROKEN_wake_one_writer
#define every_writer 1
#else
#define every_writer EVERYBODY
#endif
#define my_generation my_generations[who]

/* A generation that no thread remembers stands for the unique stamp. */
inline new_generation(result) {
    fresh = 1;
    do
    :: known(fresh) -> fresh++
    :: else -> break
    od;
    result = fresh; fresh = 0
}

inline wake_parked(side, most) {
    atomic { /* CLEAR_ASLEEP, claim */
        claimed = asleep[side];
        if :: asleep[side] -> new_generation(my_generation); generation[side] = my_generation; arrived[side] = false :: else fi
    };
    if
    :: claimed ->
        atomic { /* FUTEX_REQUEUE */
            left = most;
            do
            :: left > 0 && in_queue(side * 2) -> spot[side * 2] = 2; left--
            :: left > 0 && in_queue(side * 2 + 1) -> spot[side * 2 + 1] = 2; left--
            :: else -> break
            od;
            left = 0;
            others = sleeps(side)
        };
        if
        :: others
        :: else ->
            atomic { /* CLEAR_ASLEEP, clear: the generation stays */
                if
                :: asleep[side] && !arrived[side] && generation[side] == my_generation ->
                    asleep[side] = false
#ifdef BROKEN_settle_drops_turn
                    ; generation[side] = 0
#endif
                :: else
                fi
            }
        fi
    :: else
    fi;
    atomic { my_generation = 0; others = false; claimed = false }
}

/* SEALED_PARK, the changer's look. */
inline look(side) {
#ifndef BROKEN_changer_looks_early
    seen = asleep[side]
#else
    skip
#endif
}
inline early_look(side) {
#ifdef BROKEN_changer_looks_early
    seen = asleep[side]
#else
    skip
#endif
}

proctype reader(byte who) {
    byte left, reads;
    bool others, claimed, seen, could, first;
again:
    first = true;
take: /* take_sealed: once before the announcement, once after it */
#ifdef BROKEN_sleeper_looks_early
    /* the second look happened before the announcement */
    if
    :: first -> early_look(W); could = cnt > 0
    :: else
    fi;
    if :: could || first -> skip :: else -> goto sleep fi;
#else
    early_look(W);
#endif
    atomic {
        if
        :: cnt > 0 ->
            in_flight = in_flight - amount; cnt = cnt - amount;
            assert(conservation && in_flight == cnt);
            goto took
        :: else
        fi
    };
    if :: first -> skip :: else -> goto sleep fi;
#ifdef BROKEN_announce_without_second_look
    atomic { asleep[R] = true; arrived[R] = true; expected[who] = generation[R] };
    goto sleep;
#endif
    atomic { /* SEALED_PARK, announce */
        asleep[R] = true; arrived[R] = true; expected[who] = generation[R]; first = false
    };
    goto take;
sleep:
    if :: (CANCELLABLE & 1) && who == 0 && stop_state -> goto leave :: else fi;
    atomic { /* FUTEX_WAIT */
        if
        :: asleep[R] && arrived[R] && generation[R] == expected[who] && !(who == 0 && own_changed(1)) -> spot[who] = 1
        :: else -> expected[who] = 0; goto again
        fi
    };
end_asleep:
    atomic {
        if
        :: spot[who] == 2 -> spot[who] = 0; expected[who] = 0; goto again
        :: spot[who] == 1 && (LEAVERS & 1) && who == 0 -> spot[who] = 0; goto leave
        fi
    };
took:
    atomic { expected[who] = 0; reads++; first = false };
#ifndef BROKEN_take_without_look
    look(W);
    if :: seen -> wake_parked(W, every_writer) :: else fi;
#endif
    if :: reads < READS -> goto again :: else -> goto gone fi;
leave:
    atomic {
        expected[who] = 0;
        if
        :: cnt > 0 ->
            in_flight = in_flight - amount; cnt = cnt - amount; reads = READS; goto took
        :: else
        fi
    };
    wake_parked(R, 0);
gone:
    reads = 0
}

proctype writer(byte who; byte n) {
    byte left, writes;
    bool others, claimed, seen, first;
#ifdef BROKEN_check_then_add
    bool fits;
#endif
again:
    first = true;
add: /* add_sealed */
    early_look(R);
#ifdef BROKEN_check_then_add
    fits = admitted(n);
    atomic {
        if
        :: fits ->
#else
    atomic {
        if
        :: admitted(n) ->
#endif
            cnt = cnt + n; in_flight = in_flight + n;
            assert(bound && cnt < CEILING);
            goto added
        :: else
        fi
    };
    if :: first -> skip :: else -> goto sleep fi;
    atomic { /* SEALED_PARK, announce */
        asleep[W] = true; arrived[W] = true; expected[who] = generation[W]; first = false
    };
    goto add;
sleep:
    if :: (CANCELLABLE & 2) && who == 2 && stop_state -> goto leave :: else fi;
    atomic { /* FUTEX_WAIT */
        if
        :: asleep[W] && arrived[W] && generation[W] == expected[who] && !(who == 2 && own_changed(2)) ->
            spot[who] = 1; wants[who - 2] = n
        :: else -> expected[who] = 0; goto again
        fi
    };
end_asleep:
    atomic {
        if
        :: spot[who] == 2 -> spot[who] = 0; expected[who] = 0; goto again
        :: spot[who] == 1 && (LEAVERS & 2) && who == 2 -> spot[who] = 0; goto leave
        fi
    };
added:
    atomic { expected[who] = 0; writes++; first = false };
    look(R);
    if :: seen -> wake_parked(R, most_readers(n)) :: else fi;
    if :: writes < WRITES -> goto again :: else -> goto gone fi;
leave:
    atomic {
        expected[who] = 0;
        if
        :: admitted(n) ->
            cnt = cnt + n; in_flight = in_flight + n; writes = WRITES;
            assert(bound && cnt < CEILING);
            goto added
        :: else
        fi
    };
    wake_parked(W, 0);
gone:
    writes = 0
}

proctype signaller() {
    byte left, who = 4;
    bool others, claimed, seen;
    early_look(R);
    atomic { /* saturates */
#ifdef BROKEN_signal_wraps
        cnt = (cnt == CEILING -> 0 : cnt + 1); in_flight++;
#else
        if :: cnt < CEILING -> cnt++; in_flight++ :: else fi;
#endif
        assert(bound && cnt <= CEILING);
        assert(conservation && in_flight == cnt)
    };
    look(R);
    if :: seen -> wake_parked(R, most_readers(1)) :: else fi
}

proctype canceller() {
#ifndef HERD
    stop_state = true; /* CANCEL, mark */
    atomic {
        if :: (CANCELLABLE & 1) && in_queue(0) -> spot[0] = 2 :: else fi;
        if :: (CANCELLABLE & 2) && in_queue(2) -> spot[2] = 2 :: else fi
    }
#else
    byte left, who = 5;
    bool others, claimed, seen;
    stop_state = true;
    if
    :: CANCELLABLE & 1 -> /* wake all: a read-modify-write on the park word */
        seen = asleep[R];
        if :: seen -> wake_parked(R, EVERYBODY) :: else fi
    :: else
    fi;
    if
    :: CANCELLABLE & 2 ->
        seen = asleep[W];
        if :: seen -> wake_parked(W, EVERYBODY) :: else fi
    :: else
    fi
#endif
}

/* Runs when nobody else can. */
proctype judge() {
    timeout;
    assert(no_lost_wakeup && !(cnt > 0 && sleeps(R)));
    assert(no_lost_wakeup && !(in_queue(2) && admitted(wants[0])) && !(in_queue(3) && admitted(wants[1])));
    assert(mark_never_missing && (asleep[R] || !sleeps(R)) && (asleep[W] || !sleeps(W)));
    assert(no_lost_cancel && !(stop_state && (((CANCELLABLE & 1) && in_queue(0)) || ((CANCELLABLE & 2) && in_queue(2)))));
}

init {
    byte i;
    atomic {
#if READERS > 0
        for (i : 1 .. READERS) { run reader(i - 1) }
#endif
#if WRITERS > 0
        run writer(2, UNITS_0);
#endif
#if WRITERS > 1
        run writer(3, UNITS_1);
#endif
#if SIGNALLERS > 0
        for (i : 1 .. SIGNALLERS) { run signaller() }
#endif
#if CANCELLABLE > 0
        run canceller();
#endif
        run judge();
        i = 0
    }
}
