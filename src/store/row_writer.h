// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <Poco/Data/Statement.h>
#include <Poco/Nullable.h>

#include <cstdint>
#include <memory>
#include <string>

#include "store/session.h"
#include "tocsin/store.h"

namespace tocsin {

// Writes records as rows. Every statement is prepared once and bound to the members beside it, so a
// row costs no parsing. For the writer's thread; lives shorter than its session. All calls throw
// what Poco throws.
class RowWriter {
 public:
  explicit RowWriter(SqliteSession& session);
  ~RowWriter();

  void begin();
  void commit();

  void put(const CheckRecord& check);
  void forget(const std::string& check);
  void put(const IncidentRecord& incident);
  void put(const Notification& notification);  // a row that is there keeps its delivery
  void put(const DeliveryRecord& delivery);    // does nothing if there is no such notification
  void put_counter(const std::string& name, std::int64_t value);

  // Removes up to `most` rows a kind that ended before `before`; how many went.
  std::size_t prune(WallTime before, int most);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tocsin
