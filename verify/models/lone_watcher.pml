/* SPDX-License-Identifier: MIT */
/* lone_watcher.pml: the word beside an object that says who hears of its changes.
 *
 * The word is 0 (nobody), the number of one watcher that is alone, or ALL: then a structure with cells holds them, for
 * ever. Watcher 1 is there from the beginning and leaves; watcher 2 joins; watcher 3 joins, leaves and joins again; each
 * at any time. A watcher that finds the word taken makes the structure, with the lone one in its first cell, and publishes it
 * by comparing. Invariant: at the end those that have joined hear of a change, once, and those that have left do not.
 */
#define ALL 9
#define CELLS 4
bool joined_are_heard = true;

byte word = 1;
byte cell[CELLS];
byte done;

inline make_structure() {
    found = word;
    do
    :: found == ALL -> break
    :: else ->
        atomic { /* LONE_WATCHER, joined by others */
            if
            :: word == found ->
#ifndef BROKEN_forgets_the_lone_one
                cell[0] = found;
#endif
                word = ALL; found = ALL
            :: else -> found = word
            fi
        }
    od
}

inline attach(who) {
#ifdef BROKEN_attaches_without_comparing
    found = word;
    if :: found == 0 -> word = who :: else fi;
#else
    atomic { /* LONE_WATCHER, attach */
        found = word;
        if :: found == 0 -> word = who :: else fi
    };
#endif
    if
    :: found == 0
    :: else ->
        make_structure();
        i = 0;
        do
        :: atomic { cell[i] == 0 -> cell[i] = who }; break
        :: cell[i] != 0 -> i++
        od
    fi
}

inline detach(who) {
#ifdef BROKEN_detaches_without_comparing
    found = word;
    if :: found == who -> word = 0 :: else fi;
#else
    atomic { /* LONE_WATCHER, detach */
        found = word;
        if :: found == who -> word = 0 :: else fi
    };
#endif
    if
    :: found == ALL ->
        i = 0;
        do
        :: i == CELLS -> break
        :: i < CELLS && cell[i] == who -> cell[i] = 0; break
        :: i < CELLS && cell[i] != who -> i++
        od
    :: else
    fi
}

proctype first() { byte found, i; detach(1); done++ }
proctype second() { byte found, i; attach(2); done++ }
proctype third() { byte found, i; attach(3); detach(3); attach(3); done++ }

#define times(who) ((word == who) + (cell[0] == who) + (cell[1] == who) + (cell[2] == who) + (cell[3] == who))
proctype judge() {
    done == 3;
    assert(joined_are_heard && times(1) == 0 && times(2) == 1 && times(3) == 1)
}

init { atomic { run first(); run second(); run third(); run judge() } }
