/* parked.pml: units parked in user space beside a kernel's eventfd (src/dropin/parked_count.cpp).
 *
 * Owns the word (units, era, readers, taking, filled), the kernel's count, and what each unit of it is worth. Writers park
 * or ask the kernel, readers ask it or take together, a demoter hands back, somebody whom nobody sees adds to the
 * kernel's count. Any reader may be killed at any step. Kernel calls are single steps; a poller looks at the kernel alone.
 * Invariants: PARKED, units are parked only while the kernel holds some; every unit is taken once or still there;
 * whoever takes takes all; at rest the kernel is readable exactly if there is anything; nobody sleeps beside units.
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
#ifndef KILLED
#define KILLED 0 /* so many readers are killed, anywhere */
#endif

bool parked_beside_kernel = true, conserved = true, nobody_sleeps_beside_units = true, takes_all = true;
bool silent_only_when_empty = true;

/* The word. */
byte units, era, readers;
bool taking, filled, demoted;
byte claim_number; /* the claim that holds */

byte kernel;      /* its count */
byte written, taken, lost, kills;
byte done, ended; /* processes that have ended, and those of them that add */
#define PROCESSES (WRITERS + READERS + DEMOTERS + UNSEEN)

inline next_era() { era = (era + 1) % 8 }

proctype writer() {
    byte i, seen_era;
    bool may_fill;
    for (i : 1 .. WRITES) {
        atomic { /* PARKED, park */
            if
            :: filled && !demoted ->
                units++; written++;
                assert(parked_beside_kernel && (kernel > 0));
                goto next
            :: else ->
                may_fill = !filled && !taking && !demoted && readers == 0;
                seen_era = era
            fi
        };
        atomic { kernel++; written++ };
        atomic { /* PARKED, fill */
#ifdef BROKEN_fill_without_era
            if :: may_fill && !filled && !taking && !demoted && readers == 0 -> filled = true :: else fi
#else
#ifdef BROKEN_fill_beside_readers
            if :: !filled && !taking && !demoted && era == seen_era -> filled = true :: else fi
#else
            if :: may_fill && era == seen_era && !filled && !taking && !demoted && readers == 0 -> filled = true
            :: else fi
#endif
#endif
        };
next:   skip
    }
    atomic { done++; ended++ }
}

/* What a reader that nobody killed does; a kill ends it where it stands, and what it holds goes with it. */
#define DIES (KILLED > 0 && kills < KILLED)

proctype reader() {
    byte i, mine, got;
    for (i : 1 .. READS) {
again:  got = 0;
        atomic {
            if
            :: demoted || (units == 0 && !taking) ->
                if :: !demoted ->
#ifndef BROKEN_reader_does_not_count_itself
                    readers++;
#endif
#ifndef BROKEN_reader_leaves_filled
                    filled = false;
#endif
                    next_era(); mine = 1
                :: else -> mine = 0 fi;
                goto ask
            :: !demoted && units > 0 && !taking && SEMAPHORE ->
                units--; taken++;
                goto next
            :: !demoted && units > 0 && !taking && !SEMAPHORE ->
                taking = true; filled = false; next_era(); claim_number++; mine = claim_number;
                goto together
            :: !demoted && taking && kills > 0 -> /* its owner may be dead: the claim is taken over */
                filled = false; next_era(); claim_number++; mine = claim_number;
                goto together
            fi
        };
ask:
        if :: DIES -> atomic { kills++; goto dead } :: true fi;
        atomic {
            if
            :: kernel > 0 ->
                if :: SEMAPHORE -> got = 1 :: else -> got = kernel fi;
                kernel = kernel - got;
                /* whoever reads without the mark of a section leaves nothing parked behind */
                assert(takes_all && (SEMAPHORE || units == 0))
            :: kernel == 0 && !BLOCKING -> skip
            :: kernel == 0 && BLOCKING && ended == WRITERS + UNSEEN -> /* for ever asleep, or done with it */
                assert(nobody_sleeps_beside_units && (units == 0 || kills > 0))
            fi
        };
        atomic { taken = taken + got; got = 0 };
        if :: DIES -> atomic { kills++; goto dead } :: true fi;
        atomic { if :: mine == 1 ->
#ifndef BROKEN_reader_does_not_count_itself
            readers--
#else
            skip
#endif
        :: else fi };
        goto next;
together:
        if :: DIES -> atomic { kills++; goto dead } :: true fi;
        atomic { /* one read of the kernel, which does not sleep */
            assert(takes_all && (kernel > 0 || kills > 0));
            got = kernel; kernel = 0
        };
        if :: DIES -> atomic { kills++; lost = lost + got; goto dead } :: true fi;
        atomic { /* TOGETHER, release */
            if
#ifdef BROKEN_release_whatever
            :: true ->
#else
            :: taking && claim_number == mine ->
#endif
                got = got + units; units = 0; taking = false
            :: else -> skip
            fi;
            taken = taken + got
        };
        if :: got == 0 -> got = 0; goto again :: else fi;
next:   skip
    }
dead:
    done++
}

proctype demoter() {
    byte mine, u;
again:
    atomic {
        if
        :: demoted -> goto out
        :: !demoted && !taking && units == 0 -> demoted = true; filled = false; goto out
        :: !demoted && !taking && units > 0 ->
            taking = true; filled = false; next_era(); claim_number++; mine = claim_number; u = units
        :: !demoted && taking && kills > 0 -> filled = false; next_era(); claim_number++; mine = claim_number; u = units
        fi
    };
#ifdef BROKEN_demote_without_handing_back
    skip;
#else
    atomic { kernel = kernel + u };
#endif
    atomic {
        if :: taking && claim_number == mine -> units = 0; taking = false :: else -> skip fi
    };
    goto again;
out:
    done++
}

proctype unseen() {
    atomic { kernel++; written++; done++; ended++ }
}

/* The kernel is the truth for whoever polls: units parked are never alone, but in the midst of a reader's section. */
active proctype auditor() {
    (done == PROCESSES);
    assert(conserved && (KILLED > 0 || written == taken + units + kernel + lost));
    assert(conserved && (written >= taken + units + kernel));
    assert(silent_only_when_empty && (units == 0 || kernel > 0 || kills > 0));
    assert(nobody_sleeps_beside_units && (kills > 0 || !taking))
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
