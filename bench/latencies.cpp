// SPDX-License-Identifier: MIT
// bench/latencies.cpp: see latencies.hpp.
#include "bench/latencies.hpp"

#include <numeric>

namespace efd::bench {

std::uint64_t latencies::number() const { return std::accumulate(numbers_.begin(), numbers_.end(), std::uint64_t{0}); }

std::vector<latencies::bucket> latencies::buckets() const {
    std::vector<bucket> all;
    for (std::size_t place = 0; place < places; ++place)
        if (numbers_[place] != 0) all.push_back({greatest_in(place), numbers_[place]});
    return all;
}

std::int64_t latencies::at_share(double share) const {
    const auto wanted = share * static_cast<double>(number());
    std::uint64_t so_far = 0;
    for (const bucket& one : buckets()) {
        so_far += one.number;
        if (static_cast<double>(so_far) >= wanted) return std::min(one.greatest_ns, greatest_ns_);
    }
    return greatest_ns_;
}

} // namespace efd::bench
