// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/sql_poco.h"

#include <Poco/Data/RecordSet.h>
#include <Poco/Data/Statement.h>

#include <algorithm>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

std::optional<std::string> text_of(const Poco::Dynamic::Var& value) {
  if (value.isEmpty()) return std::nullopt;
  try {
    return std::string(cut_utf8(value.convert<std::string>(), kMostValue));
  } catch (const Poco::Exception&) {
    return "(binary)";  // of no type that has a text
  }
}

}  // namespace

void run_statement(Poco::Data::Session& session, const std::string& statement) {
  Poco::Data::Statement run(session);
  run << statement;
  run.execute();
}

void read_answer(Poco::Data::Session& session, const std::string& query, SqlAnswer& answer) {
  Poco::Data::Statement statement(session);
  statement << query, Poco::Data::Keywords::limit(kMostRows + 1);
  statement.execute();
  if (statement.columnsExtracted() == 0) return;
  const Poco::Data::RecordSet records(statement);
  const std::size_t columns = std::min<std::size_t>(records.columnCount(), kMostColumns);
  for (std::size_t i = 0; i < columns; ++i) answer.columns.push_back(records.columnName(i));
  answer.row_count = std::min<std::size_t>(records.rowCount(), kMostRows);
  answer.more = records.rowCount() > kMostRows;
  for (std::size_t i = 0; i < std::min(answer.row_count, kKeptRows); ++i) {
    SqlAnswer::Row row;
    for (std::size_t j = 0; j < columns; ++j) row.push_back(text_of(records.value(j, i)));
    answer.rows.push_back(std::move(row));
  }
}

}  // namespace tocsin
