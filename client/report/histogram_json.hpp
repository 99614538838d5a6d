#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <span>
#include <vector>

#include "common/histogram.hpp"

namespace weir::load {

boost::json::object histogram_to_json(const Histogram& histogram);
/// The histogram that histogram_to_json() exported. Throws std::exception where the JSON is not of that form.
Histogram histogram_from_json(const boost::json::object& json);

/// `[[lowest value in ns, count], ...]`
boost::json::array buckets_to_json(std::span<const Histogram::Bucket> buckets);
std::vector<Histogram::Bucket> buckets_from_json(const boost::json::array& json);

}  // namespace weir::load
