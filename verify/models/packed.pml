/* SPDX-License-Identifier: MIT */
/* packed.pml: sleep and wake while the word is packed, one step of the model for each atomic step of the code.
 *
 * Owns a copy of core/word.hpp's packed word and of the kernel's queue behind it. A compare-and-swap loop that only
 * computes is one step here, the successful one; a load that decides is a step of its own. The kernel wakes whichever
 * sleepers it likes. Steps carry the names of the comments in src/core/context.cpp. Every process may be killed
 * at any step where a configuration says so, and sleepers then look again once, as after the bounded time of an arena.
 * Configurations and broken variants are chosen with -D; verify/models/run lists them. Invariants: the constants below.
 */
#ifndef READERS
#define READERS 2
#endif
#ifndef READS
#define READS 2 /* reads of each reader */
#endif
#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef WRITES
#define WRITES 2 /* writes of each writer */
#endif
#ifndef UNITS
#define UNITS 1 /* in each write */
#endif
#ifndef LEAVERS
#define LEAVERS 0 /* the first so many readers may time out or be interrupted */
#endif
#ifndef CANCELLABLE
#define CANCELLABLE 0 /* the first so many readers wait with a stop token */
#endif
#ifndef SPURIOUS
#define SPURIOUS 0 /* waits of each reader that may end for no reason */
#endif
#ifndef KILLS_READERS
#define KILLS_READERS 0
#endif
#ifndef KILLS_WRITERS
#define KILLS_WRITERS 0
#endif
#define MOST 3 /* readers, and writers */
#define EVERYBODY 99

/* The properties. Always true; they give an assertion that fails its name. */
bool conservation = true, no_lost_wakeup = true, no_lost_cancel = true, mark_never_missing = true;
bool no_herd = true, no_call_for_nobody = true, tidy_leaves_quiet = true, next_add_heals = true;
bool no_sleeper_left = true;

/* The word. */
byte cnt, generation, fresh;
bool asleep, arrived;

/* Generations that a thread remembers: what reader r expects [r], the generation of a waker. A new generation is one that no thread
 * remembers, which stands for the 28-bit stamp that never comes back (its wrap is outside of this model). */
byte remembered[10];
#define expected remembered[me]
#define reader_generation remembered[3 + me]
#define writer_generation remembered[6 + me]
#define canceller_generation remembered[9]
#define known_1(t) (generation == t || remembered[0] == t || remembered[1] == t || remembered[2] == t)
#define known_2(t) (remembered[3] == t || remembered[4] == t || remembered[5] == t || remembered[6] == t)
#define known_3(t) (remembered[7] == t || remembered[8] == t || remembered[9] == t)
#define known(t) (known_1(t) || known_2(t) || known_3(t))

/* The kernel: who is in the queue (1), who was chosen and has not run yet (2). */
byte spot[MOST];
#define in_queue(r) (spot[r] == 1)
#define somebody_sleeps (in_queue(0) || in_queue(1) || in_queue(2))

bool stop_state; /* the mark `cancelled` of a waiter's own word, on which it sleeps, too; HERD: on the object's alone */
#if defined(HERD) || defined(BROKEN_own_word_not_compared)
#define own_changed(r) false
#else
#define own_changed(r) (r < CANCELLABLE && stop_state)
#endif
bool relook[MOST]; /* the bounded time has passed for this sleeper */
bool killed[6];
bool writer_died, healer_ran;

/* Ghosts. */
byte in_flight; /* units written and not taken */
byte due; /* wakes that adders owe by the rule, less those that they gave */
#ifdef CHECK_RETURNS
byte under_way; /* units of adds that have not returned */
bool chosen[MOST]; /* woken, and has neither taken nor announced itself since */
#define woken (chosen[0] + chosen[1] + chosen[2])
#define CHOSEN(r, is) chosen[r] = is
#else
#define CHOSEN(r, is) skip
#endif
byte announced; /* announcements of sleepers, less the system calls that adders made for them */

#ifdef SEMAPHORE
#define amount 1
#else
#define amount cnt
#endif
#if defined(SHARED) && !defined(BROKEN_wake_one_in_shared)
#define most_of(n) EVERYBODY
#else
#ifdef BROKEN_wake_all
#define most_of(n) EVERYBODY
#else
#ifdef SEMAPHORE
#define most_of(n) n
#else
#define most_of(n) 1
#endif
#endif
#endif

/* OWED: every add that meets the mark wakes. */
#if defined(BROKEN_owes_rule_in_semaphore) || defined(BROKEN_owes_rule_in_shared) || defined(BROKEN_owes_rule_in_private)
#define owes left_zero
#else
#ifdef BROKEN_trusts_a_claim
#define owes (left_zero || saw_arrived)
#else
#define owes true
#endif
#endif

#if defined(BROKEN_settle_without_arrived)
#define may_clear_asleep (asleep && generation == my_generation)
#elif defined(BROKEN_settle_without_turn)
#define may_clear_asleep (asleep && !arrived)
#else
#define may_clear_asleep (asleep && !arrived && generation == my_generation)
#endif
#ifdef BROKEN_expected_read_late
#define as_expected (asleep && arrived == expected_arrived && generation == expected)
#else
#define as_expected (asleep && arrived && generation == expected)
#endif

inline new_generation(result) {
    fresh = 1;
    do
    :: known(fresh) -> fresh++
    :: else -> break
    od;
    result = fresh;
    fresh = 0
}

inline take() {
    in_flight = in_flight - amount;
    cnt = cnt - amount;
    assert(conservation && in_flight == cnt);
}

inline by_the_rule(by_adder) {
#ifdef COUNT_HERD
    if
    :: by_adder -> assert(no_herd && due > 0); due--
    :: else
    fi
#else
    skip
#endif
}

/* FUTEX_REQUEUE of at most one sleeper onto the same word: wakes, and tells whether others still sleep. */
inline futex_wake_and_count(most, by_adder) {
    atomic {
        left = (most);
#ifdef COUNT_CALLS
        if
        :: by_adder -> assert(no_call_for_nobody && announced > 0); announced--
        :: else
        fi;
#endif
        do
        :: left > 0 && in_queue(0) -> spot[0] = 2; CHOSEN(0, true); left--; by_the_rule(by_adder)
        :: left > 0 && in_queue(1) -> spot[1] = 2; CHOSEN(1, true); left--; by_the_rule(by_adder)
        :: left > 0 && in_queue(2) -> spot[2] = 2; CHOSEN(2, true); left--; by_the_rule(by_adder)
        :: else -> break
        od;
        left = 0;
#ifdef BROKEN_wake_without_count
        others = false
#else
        others = somebody_sleeps
#endif
    }
}

/* wake_packed. most: how many to wake; 0 for clear_stale_asleep. */
inline wake_packed(most, by_adder, my_generation) {
#ifdef BROKEN_claim_after_wake
    futex_wake_and_count(most, by_adder);
#endif
    atomic { /* CLEAR_ASLEEP, claim */
        claimed = asleep;
        if
        :: asleep ->
            new_generation(my_generation);
            generation = my_generation;
            arrived = false
#ifdef BROKEN_mark_cleared_early
            ; asleep = false; generation = 0
#endif
        :: else
        fi
    };
    if
    :: claimed ->
#ifndef BROKEN_claim_after_wake
        futex_wake_and_count(most, by_adder);
#endif
#ifndef BROKEN_no_settle
        if
        :: others
        :: else ->
            atomic { /* CLEAR_ASLEEP, clear */
                if
                :: may_clear_asleep ->
#ifdef CHECK_MARK
                    assert(mark_never_missing && !somebody_sleeps);
#endif
                    asleep = false; arrived = false; generation = 0
                :: else
                fi
            }
        fi;
#endif
        skip
    :: else
    fi;
    atomic { my_generation = 0; others = false; claimed = false }
}

proctype reader(byte me) {
    byte left, reads, spurious;
    bool others, claimed;
#ifdef BROKEN_take_without_swap
    byte seen;
#endif
#ifdef BROKEN_expected_read_late
    bool expected_arrived;
#endif
    {
        reads = 0;
again:
#ifdef BROKEN_stop_looked_at_before_arrive
        if :: me < CANCELLABLE && stop_state -> goto leave :: else fi;
#endif
#ifdef BROKEN_take_without_swap
        seen = amount;
        atomic {
            if
            :: seen > 0 ->
                in_flight = in_flight - seen; cnt = 0;
                assert(conservation && in_flight == cnt);
                goto took
            :: else
            fi
        };
#endif
#ifdef BROKEN_look_then_announce
        atomic { if :: cnt > 0 -> take(); goto took :: else fi };
        atomic { asleep = true; arrived = true; expected = generation };
#else
        atomic { /* take_or_arrive */
            if
            :: cnt > 0 -> take(); CHOSEN(me, false); goto took
            :: else -> CHOSEN(me, false); /* ARRIVE: made, or found made, on a word whose count is zero */
#ifdef COUNT_CALLS
                announced++;
#endif
                if
#ifndef BROKEN_quiet_word_comes_back
                :: !asleep -> new_generation(generation)
#endif
                :: else
                fi;
                asleep = true; arrived = true; expected = generation
            fi
        };
#endif
#ifdef BROKEN_expected_read_late
        atomic { expected = generation; expected_arrived = arrived };
#endif
#ifndef BROKEN_stop_looked_at_before_arrive
        if :: me < CANCELLABLE && stop_state -> goto leave :: else fi; /* CANCEL, look: after the announcement */
#endif
        atomic { /* FUTEX_WAIT */
            if
            :: as_expected && !own_changed(me) -> spot[me] = 1
            :: else -> expected = 0; goto again
            fi
        };
end_asleep:
        atomic {
            if
            :: spot[me] == 2 ->
                spot[me] = 0; expected = 0;
                goto again
            :: spot[me] == 1 && me < LEAVERS -> spot[me] = 0; goto leave
            :: spot[me] == 1 && relook[me] -> spot[me] = 0; relook[me] = false; expected = 0; goto again
            :: spot[me] == 1 && spurious < SPURIOUS -> spot[me] = 0; spurious++; expected = 0; goto again
#ifdef BROKEN_chosen_leaves_without_a_look
            :: spot[me] == 2 && me < LEAVERS -> spot[me] = 0; goto gone
#endif
            fi
        };
leave: /* data beats every other reason */
        atomic { expected = 0; if :: cnt > 0 -> take(); goto gone :: else fi };
#ifndef BROKEN_no_tidy
        wake_packed(0, false, reader_generation);
#endif
        goto gone;
took:
        atomic { reads++; expected = 0; if :: reads < READS -> goto again :: else fi };
gone:
        atomic { reads = 0; spurious = 0; expected = 0 }
    } unless { killed[me] -> atomic { spot[me] = 0; relook[me] = false; expected = 0; reader_generation = 0 } }
}

proctype writer(byte me) {
    byte writes, left;
    bool others, claimed, saw, left_zero;
#ifdef BROKEN_trusts_a_claim
    bool saw_arrived;
#endif
    {
#ifdef HEALER
        if :: me == 1 -> killed[MOST] :: else fi; /* comes only after the other one was killed */
#endif
        do
        :: writes == WRITES -> break
        :: else ->
            writes++;
            atomic { /* SIGNAL_PARK, publish: the old value tells who sleeps */
                left_zero = (cnt == 0);
                saw = asleep;
#ifdef BROKEN_trusts_a_claim
                saw_arrived = arrived;
#endif
#ifdef CHECK_RETURNS
                under_way = under_way + UNITS;
#endif
                cnt = cnt + UNITS; in_flight = in_flight + UNITS;
#ifdef COUNT_HERD
#ifdef SEMAPHORE
                due = due + UNITS
#else
                due++
#endif
#endif
            };
            if
            :: saw && (owes) -> wake_packed(most_of(UNITS), true, writer_generation)
            :: else
            fi;
#ifdef CHECK_RETURNS
            /* E7 and E6: each unit whose add has returned has woken a reader, or nobody sleeps: whatever step of theirs
             * the others stand at, be it for ever. */
            d_step {
                under_way = under_way - UNITS;
                assert(no_sleeper_left && (!somebody_sleeps || cnt <= under_way + woken))
            };
#endif
            saw = false; left_zero = false
        od;
#ifdef HEALER
        healer_ran = healer_ran || me == 1;
#endif
        writes = 0
    } unless { killed[MOST + me] -> atomic { writer_died = true; writer_generation = 0 } }
}

/* Takes without waiting: the inline read of a quiet word, try_read. */
proctype taker() {
    atomic { if :: cnt > 0 -> take() :: else fi }
}

#define wake_own(r) if :: r < CANCELLABLE && in_queue(r) -> spot[r] = 2 :: else fi
proctype canceller() {
#ifdef HERD
    byte left;
    bool others, claimed, saw;
    stop_state = true;
    saw = asleep; /* CANCEL, wake all: a read-modify-write on the word */
    if :: saw -> wake_packed(EVERYBODY, false, canceller_generation) :: else fi
#else
#ifdef BROKEN_cancel_wakes_before_its_mark
    atomic { wake_own(0); wake_own(1) };
    stop_state = true
#else
    stop_state = true; /* CANCEL, mark */
    atomic { wake_own(0); wake_own(1) }
#endif
#endif
}

proctype killer() {
    if
    :: KILLS_READERS > 0 -> killed[0] = true
    :: KILLS_READERS > 1 -> killed[0] = true; killed[1] = true
    :: KILLS_WRITERS > 0 -> killed[MOST] = true
    :: KILLS_WRITERS > 1 -> killed[MOST] = true; killed[MOST + 1] = true
    :: KILLS_WRITERS > 0 && KILLS_READERS > 0 -> killed[0] = true; killed[MOST] = true
#ifndef HEALER
    :: true
#endif
    fi
}

/* Runs when nobody else can. */
proctype judge() {
    timeout;
#ifdef HEALER
    assert(next_add_heals && !(healer_ran && cnt > 0 && somebody_sleeps));
#endif
#ifndef BROKEN_no_look_after_the_bounded_time
    if
    :: writer_died ->
        atomic { relook[0] = in_queue(0); relook[1] = in_queue(1); relook[2] = in_queue(2) };
        timeout
    :: else
    fi;
#endif
    assert(no_lost_wakeup && !(cnt > 0 && somebody_sleeps));
#ifdef CHECK_MARK
    assert(mark_never_missing && (asleep || !somebody_sleeps));
#endif
    assert(no_lost_cancel && !(stop_state && ((CANCELLABLE > 0 && in_queue(0)) || (CANCELLABLE > 1 && in_queue(1)))));
#ifdef ONLY_LEAVERS
    assert(tidy_leaves_quiet && !asleep);
#endif
}

init {
    byte i;
    atomic {
        for (i : 1 .. READERS) { run reader(i - 1) }
#if WRITERS > 0
        for (i : 1 .. WRITERS) { run writer(i - 1) }
#endif
#ifdef TAKER
        run taker();
#endif
#if CANCELLABLE > 0
        run canceller();
#endif
#if KILLS_READERS + KILLS_WRITERS > 0
        run killer();
#endif
        run judge();
        i = 0
    }
}
