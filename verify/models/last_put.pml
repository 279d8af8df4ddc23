/* SPDX-License-Identifier: MIT */
/* last_put.pml: a slot dies and is born again under a signaller that is still inside its call.
 *
 * The promise: a thread whose wait has returned may give the last reference back while another one is still inside the
 * signal that ended the wait. So whatever a signaller does after its commit falls on a living, a dead or a reborn
 * object, and must be harmless there: its look at the park word, its wake, its look for watchers, its notify. First life
 * packed or sealed (SEALED), second life packed, with a reader, a writer and perhaps an entry in the wait queue.
 * Invariants: units of the second life are those written to it, a life is given back once, no call runs on a dead slot.
 */
#define EVERYBODY 99
bool no_invented_unit = true, given_back_once = true, not_when_dead = true, no_lost_wakeup = true;

bool second_read;
byte life = 1, refs = 1, given_back, entries_called;
byte cnt; /* packed count, or the sealed one */
byte in_flight;
#ifdef SEALED
bool sealed = true;
#else
bool sealed = false;
#endif
bool watched;
/* Both park halves as one: a dead slot's marks stay in the park word, and are written anew in the state word. */
bool asleep, arrived;
byte generation, fresh;
byte spot[2], expected[2], my_generations[2];
#define known_1(t) (generation == t || expected[0] == t || expected[1] == t)
#define known(t) (known_1(t) || my_generations[0] == t || my_generations[1] == t)
#define my_generation my_generations[who]

inline new_generation(result) {
    fresh = 1;
    do
    :: known(fresh) -> fresh++
    :: else -> break
    od;
    result = fresh; fresh = 0
}

inline put() {
    atomic { /* KREF_PUT */
        assert(given_back_once && refs > 0);
        refs--;
        if :: refs == 0 -> given_back++; assert(given_back_once && given_back == life) :: else fi
    }
}

inline notify() {
    atomic { /* get_unless_zero */
        got = refs > 0;
#ifdef BROKEN_get_from_zero
        got = true;
#endif
        if :: got -> refs++ :: else fi
    };
    if
    :: got ->
        assert(not_when_dead && given_back < life);
        entries_called++;
        put()
    :: else
    fi
}

inline signal() {
    atomic { /* SIGNAL_PARK, publish; or the commit on huge_ */
        was_sealed = sealed; tell = watched; saw = asleep;
        cnt++; in_flight++
    };
    if
    :: was_sealed -> saw = asleep /* SEALED_PARK, look */
    :: else
    fi;
    if
    :: saw ->
        atomic {
            claimed = asleep;
            if :: asleep -> new_generation(my_generation); generation = my_generation; arrived = false :: else fi
        };
        if
        :: claimed ->
            atomic {
                if
                :: spot[0] == 1 -> spot[0] = 2
                :: spot[1] == 1 -> spot[1] = 2
                :: else
                fi;
                others = spot[0] == 1 || spot[1] == 1
            };
            if
            :: others
            :: else ->
                atomic { if :: asleep && !arrived && generation == my_generation -> asleep = false :: else fi }
            fi
        :: else
        fi
    :: else
    fi;
    if
    :: was_sealed ->
        atomic { /* the look for watchers: a read-modify-write on the state word that adds nothing */
            tell = watched
#ifdef BROKEN_look_for_watchers_adds_noise
            ;
            if
            :: sealed
            :: else -> cnt++; assert(no_invented_unit && in_flight == cnt)
            fi
#endif
        }
    :: else
    fi;
    if :: tell -> notify() :: else fi;
    atomic { my_generation = 0; tell = false; saw = false; claimed = false; others = false; got = false; was_sealed = false }
}

inline read_one() {
    do
    :: atomic {
            cnt > 0 -> assert(no_invented_unit && in_flight == cnt); in_flight = 0; cnt = 0
        };
        break
    :: atomic {
            cnt == 0 ->
            if :: !asleep -> new_generation(generation) :: else fi;
            asleep = true; arrived = true; expected[who] = generation
        };
        atomic {
            if
            :: asleep && arrived && generation == expected[who] -> spot[who] = 1
            :: else
            fi;
            expected[who] = 0
        };
end_asleep_0:
        atomic { spot[who] != 1; spot[who] = 0 }
    od
}

/* The first life: one reader, which owns the last reference, and one signaller, which owns none. */
proctype first_reader(byte who) {
    read_one();
    put()
}
proctype signaller(byte who) {
    bool was_sealed, tell, saw, claimed, others, got;
    signal()
}

/* The second life begins as soon as the slot is given back. */
proctype owner(byte who) {
    bool was_sealed, tell, saw, claimed, others, got, watch;
    given_back == 1;
    atomic { /* BIRTH */
        cnt = 0; in_flight = 0; sealed = false; watched = false;
#ifndef SEALED
        asleep = false; arrived = false; generation = 0;
#endif
        life = 2
    };
    refs = 1;
    if
    :: watch = true; refs++; watched = true
    :: true
    fi;
    signal();
    if
    :: watch -> watched = false; put()
    :: else
    fi;
    second_read;
    put()
}
proctype second_reader(byte who) {
    life == 2 && refs > 0;
    read_one();
    second_read = true
}

/* Runs when nobody else can. */
proctype judge() {
    timeout;
    assert(no_lost_wakeup && !(cnt > 0 && (spot[0] == 1 || spot[1] == 1)));
    assert(no_invented_unit && in_flight == cnt);
    assert(given_back_once && given_back == 2 && refs == 0)
}

init {
    atomic {
        run first_reader(0);
        run signaller(0);
        run owner(1);
        run second_reader(1);
        run judge()
    }
}
