// SPDX-License-Identifier: MIT
// core/link_stack.hpp: stacks of things with a link of their own: pushed one by one, taken all at once.
//
// Owns nothing. Taking all at once has no ABA. For one thread and its signal handlers; wait_queue's list of joining
// entries has orders of its own.
#pragma once

#include <efd/detail/base/atomic.hpp>

namespace efd::EFD_ABI::core {

template <class Node, class Next>
void push(base::atomic<Node*>& list, Node& node, Next Node::* next) noexcept {
    Node* top = list.load(base::relaxed);
    do {
        node.*next = top;
    } while (!list.compare_exchange_weak(top, &node, base::relaxed, base::relaxed));
}

template <class Node, class Next>
Node* in_order(Node* newest, Next Node::* next) noexcept {
    Node* oldest = nullptr;
    while (newest != nullptr) {
        Node* const after = newest->*next;
        newest->*next = oldest;
        oldest = newest;
        newest = after;
    }
    return oldest;
}

template <class Node, class Next>
Node* take_in_order(base::atomic<Node*>& list, Next Node::* next) noexcept {
    if (list.load(base::relaxed) == nullptr) return nullptr;
    return in_order(list.exchange(nullptr, base::relaxed), next);
}

} // namespace efd::EFD_ABI::core
