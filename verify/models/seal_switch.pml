/* SPDX-License-Identifier: MIT */
/* seal_switch.pml: sealing, the step from the packed word to base + huge_, under blind adds, sleepers and watchers.
 *
 * Owns both halves: the packed word (count, park half, watched), base, and huge_ modulo 256. Sealing is one step on the
 * word; a blind add to a sealed word is without effect and starts again on huge_. Sleepers of the packed word move over
 * to the readers' park word. A new generation is one that no process remembers, as in packed.pml. The limit is 2,
 * where the code has 2^27. Invariants: every unit is counted once, nobody sleeps beside a unit, and nothing falls
 * between what WATCH said and the first call of the entry.
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
#define UNITS_0 1
#endif
#ifndef UNITS_1
#define UNITS_1 1
#endif
#ifndef WATCHERS
#define WATCHERS 0
#endif
#ifndef CANCELLABLE
#define CANCELLABLE 0 /* reader 0 waits with a stop token */
#endif
#define LIMIT 2
#define EVERYBODY 99

bool conservation = true, no_lost_wakeup = true, no_unit_unseen = true, base_is_frozen = true;
bool no_lost_cancel = true, stop_state; /* the mark of a waiter's own word; HERD: it sleeps on the object's alone */
#ifdef HERD
#define own_changed false
#else
#define own_changed (CANCELLABLE && who == 0 && stop_state)
#endif

/* The state word: count and park half, or noise and base; watched stands in both. */
byte cnt;
bool sealed, watched;
byte base;
bool asleep, arrived;
byte generation;
/* Beside it. */
byte huge;
bool park_asleep, park_arrived;
byte park_generation, fresh;

byte in_flight; /* units written and not taken */
byte frozen; /* what base was when the word was sealed */
bool watching, ready_said;
byte added_since, told;

/* Readers 0 and 1: in the kernel's queue of the state word (1), of the park word (2), chosen (3). */
byte spot[2], expected[2], my_generations[5];
#define on_state(r) (spot[r] == 1)
#define on_park(r) (spot[r] == 2)
#define known_1(t) (generation == t || park_generation == t || expected[0] == t || expected[1] == t)
#define known(t) (known_1(t) || my_generations[0] == t || my_generations[1] == t || my_generations[2] == t || my_generations[3] == t || my_generations[4] == t)
#define my_generation my_generations[who]
#define count (sealed -> ((base + huge) & 255) : cnt)
#ifdef SEMAPHORE
#define amount_of(there) 1
#define most_readers(n) n
#define owes true
#else
#define amount_of(there) there
#define most_readers(n) 1
#define owes left_zero
#endif

inline new_generation(result) {
    fresh = 1;
    do
    :: known(fresh) -> fresh++
    :: else -> break
    od;
    result = fresh; fresh = 0
}

inline check() {
    assert(conservation && in_flight == count);
    assert(base_is_frozen && (!sealed || base == frozen))
}

/* SEAL */
inline seal() {
#ifdef BROKEN_hand_over_in_two_steps
    atomic { if :: !sealed -> huge = cnt :: else fi };
#endif
    atomic {
        others = false;
        if
        :: !sealed ->
            others = asleep; sealed = true;
#ifdef BROKEN_hand_over_in_two_steps
            base = 0; frozen = 0;
#else
            base = cnt; frozen = cnt;
#endif
            cnt = 0;
#ifndef BROKEN_seal_keeps_the_low_half
            asleep = false; arrived = false; generation = 0;
#endif
            check()
        :: else
        fi
    };
#ifndef BROKEN_seal_without_wake
    if
    :: others ->
        atomic {
            if :: on_state(0) -> spot[0] = 3 :: else fi;
            if :: on_state(1) -> spot[1] = 3 :: else fi;
            others = false
        }
    :: else
    fi;
#endif
    others = false
}

inline wake_packed(most) {
    atomic { /* CLEAR_ASLEEP, claim */
#ifdef BROKEN_claim_on_a_sealed_word
        claimed = asleep || sealed;
#else
        claimed = asleep && !sealed;
#endif
        if
        :: claimed && sealed -> base = 7; check() /* generation bits land on base */
        :: claimed && !sealed -> new_generation(my_generation); generation = my_generation; arrived = false
        :: else
        fi
    };
    if
    :: claimed ->
        atomic { /* FUTEX_REQUEUE */
            left = most;
            do
            :: left > 0 && on_state(0) -> spot[0] = 3; left--
            :: left > 0 && on_state(1) -> spot[1] = 3; left--
            :: else -> break
            od;
            left = 0;
            others = on_state(0) || on_state(1)
        };
        if
        :: others
        :: else ->
            atomic { /* CLEAR_ASLEEP, clear */
                if
                :: !sealed && asleep && !arrived && generation == my_generation -> asleep = false; generation = 0
                :: else
                fi
            }
        fi
    :: else
    fi;
    atomic { my_generation = 0; others = false; claimed = false }
}

inline wake_parked(most) {
    atomic {
        claimed = park_asleep;
        if :: park_asleep -> new_generation(my_generation); park_generation = my_generation; park_arrived = false :: else fi
    };
    if
    :: claimed ->
        atomic {
            left = most;
            do
            :: left > 0 && on_park(0) -> spot[0] = 3; left--
            :: left > 0 && on_park(1) -> spot[1] = 3; left--
            :: else -> break
            od;
            left = 0;
            others = on_park(0) || on_park(1)
        };
        if
        :: others
        :: else ->
            atomic {
                if
                :: park_asleep && !park_arrived && park_generation == my_generation -> park_asleep = false
                :: else
                fi
            }
        fi
    :: else
    fi;
    atomic { my_generation = 0; others = false; claimed = false }
}

proctype reader(byte who) {
    byte left, reads;
    bool others, claimed, first;
again:
    atomic { /* take_or_arrive on the packed word */
        if
        :: sealed -> skip
        :: !sealed && cnt > 0 ->
            in_flight = in_flight - amount_of(cnt); cnt = cnt - amount_of(cnt); check();
            goto took
        :: else -> /* ARRIVE */
            if :: !asleep -> new_generation(generation) :: else fi;
            asleep = true; arrived = true; expected[who] = generation;
            goto sleep_on_state
        fi
    };
    first = true;
take: /* take_sealed_or_arrive */
    atomic {
        if
        :: count > 0 ->
            in_flight = in_flight - amount_of(count); huge = (huge - amount_of(count)) & 255; check();
            goto took
        :: else
        fi
    };
    if :: first -> skip :: else -> goto sleep_on_park fi;
    atomic { park_asleep = true; park_arrived = true; expected[who] = park_generation; first = false }; /* SEALED_PARK */
    goto take;
sleep_on_state:
    if :: CANCELLABLE && who == 0 && stop_state -> goto took :: else fi; /* CANCEL, look */
    atomic { /* FUTEX_WAIT */
        if
#ifdef BROKEN_seal_keeps_the_low_half
        :: asleep && arrived && generation == expected[who] -> spot[who] = 1
#else
        :: !sealed && asleep && arrived && generation == expected[who] && !own_changed -> spot[who] = 1
#endif
        :: else -> expected[who] = 0; goto again
        fi
    };
    goto end_asleep;
sleep_on_park:
    if :: CANCELLABLE && who == 0 && stop_state -> goto took :: else fi;
    atomic {
        if
        :: park_asleep && park_arrived && park_generation == expected[who] && !own_changed -> spot[who] = 2
        :: else -> expected[who] = 0; goto again
        fi
    };
end_asleep:
    atomic { spot[who] == 3; spot[who] = 0; expected[who] = 0; goto again };
took:
    atomic { expected[who] = 0; reads++; first = false; if :: reads < READS -> goto again :: else fi };
    reads = 0
}

proctype writer(byte who; byte n; bool blind) {
    byte left, writes;
    bool others, claimed, saw, tell, left_zero, without_effect, huge_now;
    do
    :: writes == WRITES -> break
    :: else ->
        writes++;
        if
        :: blind ->
            atomic { /* SIGNAL_PARK, publish */
                without_effect = sealed; saw = asleep && !sealed; tell = watched && !sealed;
#ifdef BROKEN_add_without_effect_stands
                without_effect = false;
                if :: sealed -> in_flight = in_flight + n; check() :: else fi;
#endif
                if
                :: sealed
                :: else ->
                    left_zero = cnt == 0;
                    cnt = cnt + n; in_flight = in_flight + n; check();
                    if :: watching -> added_since++ :: else fi;
                    huge_now = cnt >= LIMIT
                fi
            };
            if :: huge_now -> seal() :: else fi;
            if :: saw && (owes) -> wake_packed(most_readers(n)) :: else fi
        :: else -> /* add_or_arrive with a value that does not fit: seals first */
            seal(); without_effect = true
        fi;
        if
        :: without_effect ->
#ifdef BROKEN_sealed_add_looks_for_watchers_early
            tell = watched;
#endif
            atomic {
                huge = (huge + n) & 255; in_flight = in_flight + n; check();
                if :: watching -> added_since++ :: else fi
            };
            saw = park_asleep; /* SEALED_PARK, the changer's look */
            if :: saw -> wake_parked(most_readers(n)) :: else fi;
#ifndef BROKEN_sealed_add_looks_for_watchers_early
            tell = watched
#endif
        :: else
        fi;
        if :: tell -> told++ :: else fi;
        atomic { saw = false; tell = false; left_zero = false; without_effect = false; huge_now = false }
    od;
    writes = 0
}

proctype watcher() {
    atomic { watched = true; watching = true }; /* WATCH */
    ready_said = count > 0
}

proctype canceller(byte who) {
    byte left;
    bool others, claimed, saw;
    stop_state = true; /* CANCEL, mark */
#ifndef HERD
    atomic { if :: spot[0] == 1 || spot[0] == 2 -> spot[0] = 3 :: else fi };
#else
    saw = asleep && !sealed; /* CANCEL, wake all: a read-modify-write on each word, the state word first */
    if :: saw -> wake_packed(EVERYBODY) :: else fi;
#ifndef BROKEN_kick_stops_at_the_state_word
    saw = park_asleep;
    if :: saw -> wake_parked(EVERYBODY) :: else fi;
#endif
#endif
    saw = false
}

/* Runs when nobody else can. */
proctype judge() {
    timeout;
    assert(no_lost_wakeup && !(count > 0 && spot[0] > 0) && !(count > 0 && spot[1] > 0));
    assert(no_lost_cancel && !(CANCELLABLE && stop_state && spot[0] > 0));
    assert(no_unit_unseen && !(watching && added_since > 0 && told == 0));
    assert(no_unit_unseen && !(watching && READERS == 0 && count > 0 && told == 0 && !ready_said));
}

init {
    byte i;
    atomic {
#if READERS > 0
        for (i : 1 .. READERS) { run reader(i - 1) }
#endif
        run writer(2, UNITS_0, true);
#if WRITERS > 1
#ifdef BIG_WRITER
        run writer(3, UNITS_1, false);
#else
        run writer(3, UNITS_1, true);
#endif
#endif
#if CANCELLABLE > 0
        run canceller(4);
#endif
#if WATCHERS > 0
        run watcher();
#endif
        run judge();
        i = 0
    }
}
