/* SPDX-License-Identifier: MIT */
/* cached.pml: units cached in user space beside a kernel's eventfd (src/dropin/rules/cached_count.cpp).
 *
 * Owns the word (units, generation, readers, filled, demoted), the kernel's count, and the units that each call holds. Writers
 * cache or ask the kernel. Readers count themselves in, ask the kernel, and take the cached units. A demoter takes them and
 * flushes them. An unseen party adds to the kernel's count. Any call may stop for ever between two of its steps, as after a
 * jump or a kill; no other call waits for it. Kernel calls are single steps; a poll looks at the kernel alone.
 * Invariants: CACHED, units are cached only while the kernel holds some; every unit is taken once, or still in the kernel or
 * the word, or held by a stopped call; at rest the kernel is readable exactly if there are units; no reader sleeps beside
 * units.
 */
#ifndef WRITERS
#define WRITERS 2
#endif
#ifndef WRITES
#define WRITES 2 /* of each writer */
#endif
#ifndef READERS
#define READERS 1
#endif
#ifndef READS
#define READS 2 /* of each reader */
#endif
#ifndef BLOCKING
#define BLOCKING 0 /* readers sleep at zero, in the kernel */
#endif
#ifndef SEMAPHORE
#define SEMAPHORE 0
#endif
#ifndef DEMOTERS
#define DEMOTERS 0
#endif
#ifndef UNSEEN
#define UNSEEN 0 /* additions by the kernel itself */
#endif
#ifndef STOPS
#define STOPS 0 /* so many calls are stopped, anywhere */
#endif

bool cached_beside_kernel = true, conserved = true, nobody_sleeps_beside_units = true, silent_only_when_empty = true;

/* The word. */
byte units, generation, readers;
bool filled, demoted;

byte kernel; /* its count */
byte written, taken, in_hand; /* in_hand: held by calls in progress, and by stopped ones */
byte stops, stopped_readers;  /* stopped_readers: stopped after they consumed, so the cached units are theirs */
byte done, ended;             /* processes that have ended, and those of them that add */
#define PROCESSES (WRITERS + READERS + DEMOTERS + UNSEEN)
#define MAY_STOP (STOPS > 0 && stops < STOPS)

inline next_generation() { generation = (generation + 1) % 16 }
inline demote() { demoted = true; filled = false }

proctype writer() {
    byte i, seen_generation;
    bool may_fill;
    for (i : 1 .. WRITES) {
        atomic { /* CACHED, cache */
            if
            :: filled && !demoted ->
                units++; written++;
                assert(cached_beside_kernel && (kernel > 0 || readers > 0));
                goto next
            :: else ->
                may_fill = !filled && !demoted && readers == 0;
                seen_generation = generation
            fi
        };
        if :: MAY_STOP -> atomic { stops++; goto halt } :: true fi;
        atomic { kernel++; written++ };
        if :: MAY_STOP -> atomic { stops++; goto halt } :: true fi;
        atomic { /* CACHED, fill: the word is what it was before the write */
#ifdef BROKEN_fill_without_generation
            if :: may_fill && !filled && !demoted && readers == 0 -> filled = true :: else fi
#else
#ifdef BROKEN_fill_beside_readers
            if :: !filled && !demoted && generation == seen_generation -> filled = true :: else fi
#else
            if :: may_fill && generation == seen_generation && !filled && !demoted && readers == 0 -> filled = true :: else fi
#endif
#endif
        };
next:   skip
    }
halt:
    atomic { done++; ended++ }
}

proctype reader() {
    byte i, got;
    bool counted, combined, alone;
    byte own_generation;
    for (i : 1 .. READS) {
        got = 0; counted = false; combined = false;
        atomic { /* CACHED, begin */
            if
            :: demoted && units == 0 -> skip /* demoted for good */
            :: !(demoted && units == 0) && SEMAPHORE && units > 0 ->
                units--; taken++;
                goto next
            :: !(demoted && units == 0) && !(SEMAPHORE && units > 0) ->
                if
                :: !SEMAPHORE && readers > 0 -> demote(); alone = false
                :: else -> alone = (readers == 0)
                fi;
                if
                :: demoted && units == 0 -> skip
                :: else ->
                    counted = true;
#ifndef BROKEN_reader_does_not_count_itself
                    readers++;
#endif
#ifndef BROKEN_reader_leaves_filled
                    filled = false;
#endif
                    next_generation(); own_generation = generation; combined = (units > 0)
                fi
            fi
        };
        if :: MAY_STOP -> atomic { stops++; goto halt } :: true fi;
        if
        :: combined ->
            atomic { got = kernel; kernel = 0; in_hand = in_hand + got }; /* does not sleep */
            if :: MAY_STOP -> atomic { stops++; if :: got > 0 -> stopped_readers++ :: else fi; goto halt } :: true fi;
            atomic {
                if
                :: got > 0 || (alone && generation == own_generation && readers == 1) -> /* COMBINED_READ, take */
                    if :: got == 0 && units > 0 -> demote() :: else fi;
                    taken = taken + got + units; in_hand = in_hand - got; got = got + units; units = 0;
                    readers--; counted = false
                :: else -> skip
                fi
            };
            if :: got > 0 -> goto next :: else fi;
#ifdef BROKEN_asks_again_uncounted
            atomic { if :: counted -> readers--; counted = false :: else fi }
#endif
        :: else
        fi;
        atomic { /* the kernel alone; may sleep */
            if
            :: kernel > 0 ->
                if :: SEMAPHORE -> got = 1 :: else -> got = kernel fi;
                kernel = kernel - got; in_hand = in_hand + got
            :: kernel == 0 && !BLOCKING -> skip
            :: kernel == 0 && BLOCKING && ended == WRITERS + UNSEEN -> /* asleep for ever, or ended */
                assert(nobody_sleeps_beside_units && (units == 0 || in_hand > 0 || stopped_readers > 0))
            fi
        };
        atomic { taken = taken + got; in_hand = in_hand - got };
        if :: MAY_STOP -> atomic { stops++; goto halt } :: true fi;
        atomic { /* CACHED, end */
            if
            :: counted && readers > 0 -> readers--
            :: else
            fi
        };
next:   skip
    }
halt:
    done++
}

proctype demoter() {
    byte u, seen_generation, seen_readers;
    atomic { if :: !demoted -> demote() :: else fi };
again:
    if :: MAY_STOP -> atomic { stops++; goto halt } :: true fi;
    atomic {
        if :: units == 0 -> goto halt :: else fi;
        u = units; seen_generation = generation; seen_readers = readers
    };
#ifdef BROKEN_adds_before_it_takes
    kernel = kernel + u;
#endif
    atomic { /* REUSED_FD, take: the word is as it was */
        if
        :: units == u && generation == seen_generation && readers == seen_readers -> units = 0; in_hand = in_hand + u
        :: else -> goto again
        fi
    };
    if :: MAY_STOP -> atomic { stops++; goto halt } :: true fi;
#ifdef BROKEN_demote_without_handing_back
    in_hand = in_hand - u;
#else
#ifdef BROKEN_adds_before_it_takes
    in_hand = in_hand - u;
#else
    atomic { kernel = kernel + u; in_hand = in_hand - u };
#endif
#endif
halt:
    done++
}

proctype unseen() {
    atomic { kernel++; written++; done++; ended++ }
}

/* Once all have ended or stopped, the kernel's count is what a poll must report. */
active proctype auditor() {
    (done == PROCESSES);
    assert(conserved && (written == taken + units + kernel + in_hand));
    assert(conserved && (stops > 0 || in_hand == 0));
    assert(silent_only_when_empty && (units == 0 || kernel > 0 || stopped_readers > 0))
}

init {
    byte n;
    atomic {
        n = 0; do :: n < WRITERS -> run writer(); n++ :: else -> break od;
        n = 0; do :: n < READERS -> run reader(); n++ :: else -> break od;
        n = 0; do :: n < DEMOTERS -> run demoter(); n++ :: else -> break od;
        n = 0; do :: n < UNSEEN -> run unseen(); n++ :: else -> break od
    }
}
