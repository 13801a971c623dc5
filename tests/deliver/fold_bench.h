// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "deliver/fold.h"
#include "deliver/messages.h"

namespace tocsin {

// A lane's rows, and fold() on them.
class FoldBench {
 public:
  Row& add(const Telling& telling) { return rows_.emplace_back(waiting(telling)); }
  std::optional<Folding> fold(std::size_t threshold = 20, std::size_t pages = 10) {
    std::vector<const Row*> rows;
    for (const Row& row : rows_) rows.push_back(&row);
    return tocsin::fold(rows, {.storm_threshold = threshold, .pages = pages}, numbers_);
  }

 private:
  std::deque<Row> rows_;
  std::int64_t last_id_ = 10'000;
  const Numbers numbers_{[this] { return ++last_id_; },
                         [this] { return "new-" + std::to_string(last_id_); }};
};

inline std::string check_name(int number) {
  return "rack-07/web-" + std::to_string(1000 + number);
}

inline std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

}  // namespace tocsin
