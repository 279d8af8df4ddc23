/* SPDX-License-Identifier: MIT */
/* take_unentered.pml: a take through a set that does not enter the member, beside the member's removal.
 *
 * Object 1 stands at the one place of this set, and in another set, so its word stays watched when it leaves here. The
 * owner removes it, reads and writes it, so that its count is what it was; then the place goes to object 2 or back to
 * object 1. The taker looks at the place, reads the object's word, looks at the place again, reads kind and token, and takes
 * by comparing the word. A generation is a number that was never used before. Object 1 that comes back has token 3. The
 * kind says whether the place has a member, or one that is joining. Invariants: nothing is taken through the set from an
 * object that has left it, and what is taken comes with the token of that life of the object.
 */
bool kept = true, right_token = true;

byte count[3], generation[3];
bool has_left[3];
byte place, token; /* the object that stands there, or 0; and its token */
bool is_member;    /* the kind */

proctype taker() {
    byte object, seen, stamp, own, right;
    bool stands = true, is_open;
    object = place;
    if :: object == 0 -> goto done :: else fi;
#ifdef BROKEN_looks_before_the_word
    stands = place == object;
#endif
    atomic { seen = count[object]; stamp = generation[object] }; /* TAKE_UNENTERED, word */
    if :: seen == 0 -> goto done :: else fi;
#ifdef BROKEN_kind_before_the_look
    is_open = is_member;
#endif
#ifndef BROKEN_no_second_look
#ifndef BROKEN_looks_before_the_word
    stands = place == object; /* TAKE_UNENTERED, look */
#endif
#endif
#ifndef BROKEN_kind_before_the_look
    is_open = is_member;
#endif
    if :: !stands || !is_open -> goto done :: else fi;
#ifndef BROKEN_token_after_the_take
    own = token;
#endif
    atomic { /* TAKE_UNENTERED, take */
        if
        :: count[object] == seen && generation[object] == stamp ->
            count[object] = 0;
            right = (object == 2 -> 2 : (stamp == 3 -> 3 : 1));
            assert(kept && !has_left[object])
        :: else -> goto done
        fi
    };
#ifdef BROKEN_token_after_the_take
    own = token;
#endif
    assert(right_token && own == right);
done: skip
}

proctype owner() {
    place = 0;
#ifndef BROKEN_leaves_the_word
    generation[1] = 2; /* TAKE_UNENTERED, leave */
#endif
    is_member = false;
    has_left[1] = true; /* the removal has returned */
    count[1] = 0;
    count[1] = 1;
    if
    :: token = 2; has_left[2] = false; place = 2; is_member = true; count[2] = 1
    :: token = 3; place = 1;
       d_step { generation[1] = 3; has_left[1] = false };
       is_member = true
    fi
}

init {
    atomic {
        count[1] = 1; generation[1] = 1; place = 1; token = 1; is_member = true; has_left[2] = true;
        run taker();
        run taker();
        run owner()
    }
}
