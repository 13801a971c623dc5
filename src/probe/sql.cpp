// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// sql: asks a database something and judges the answer. Names are resolved on the loop; client
// libraries block, so the rest is a worker's. At the deadline the loop gives up and cuts the
// connection, so that the worker comes back, too.
#include <algorithm>
#include <memory>
#include <utility>

#include "net/errno_text.h"
#include "net/resolver.h"
#include "net/workers.h"
#include "probe/outcome.h"
#include "probe/prober.h"
#include "probe/sql_settings.h"
#include "probe/types.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kRowsInNotes = 10;
constexpr std::size_t kMostQuery = 300;

// What the loop and the worker share; the answer is the worker's until it is done.
struct Look {
  SqlQuestion question;
  SqlBreaker breaker;
  SqlAnswer answer;
};

class SqlProber final : public Prober {
 public:
  explicit SqlProber(SqlSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  asio::awaitable<bool> resolve(ProbeContext& context, Look& look, Result& result) const;
  asio::awaitable<bool> ask(ProbeContext& context, std::shared_ptr<Look> look,
                            Result& result) const;
  void give_up(Result& result, Worked worked, SqlBreaker::Stage stage) const;
  void judge(Result& result, const SqlAnswer& answer) const;
  void explain(Result& result, const SqlAnswer* answer) const;

  const SqlSettings settings_;
};

asio::awaitable<Result> SqlProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  Result result;
  const auto look = std::make_shared<Look>();
  look->question = settings_.question;
  look->question.deadline = context.deadline;
  bool answered = co_await resolve(context, *look, result);
  if (answered) answered = co_await ask(context, look, result);
  result.took = micros_between(begun, context.clock.steady());
  if (answered) judge(result, look->answer);
  judge_response_time(result, settings_.response_time);
  if (context.explain) explain(result, answered ? &look->answer : nullptr);
  co_return result;
}

// False if the result says why not.
asio::awaitable<bool> SqlProber::resolve(ProbeContext& context, Look& look, Result& result) const {
  if (!settings_.has_network()) co_return true;
  const SteadyTime begun = context.clock.steady();
  const Resolver::Answer found =
      co_await context.resolver.resolve(settings_.question.host, context.deadline);
  result.phases.set(Phase::name, micros_between(begun, context.clock.steady()));
  if (found.error != NetError::none) {
    set_failure(result, found.error, found.error_text);
    co_return false;
  }
  for (const auto& address : found.addresses) {
    look.question.addresses.push_back(address.to_string());
  }
  co_return true;
}

asio::awaitable<bool> SqlProber::ask(ProbeContext& context, std::shared_ptr<Look> look,
                                     Result& result) const {
  // However this ends: whoever still works for it is to come back.
  struct Cut {
    SqlBreaker& breaker;
    ~Cut() { breaker.cut(); }
  };
  const Cut cut{look->breaker};
  std::function<void()> job = [look] { look->answer = ask_sql(look->question, look->breaker); };
  const Worked worked =
      co_await context.workers.run(context.check, std::move(job), context.deadline);
  if (worked == Worked::done) co_return true;
  give_up(result, worked, look->breaker.stage);
  co_return false;
}

void SqlProber::give_up(Result& result, Worked worked, SqlBreaker::Stage stage) const {
  const std::string place = show_target(settings_);
  switch (worked) {
    case Worked::no_worker:
      result.verdict = Verdict::unknown;
      result.reason = "no thread was free for the query: others hang";
      return;
    case Worked::still_running:
      return set_down(result, "the query of an earlier look still hangs (" + place + ")");
    case Worked::late:
    case Worked::done: break;
  }
  const std::string during = stage == SqlBreaker::Stage::asking ? " while the query ran (" : " (";
  set_down(result, "timed out after " + human_duration(settings_.timeout) + during + place + ")");
}

void SqlProber::judge(Result& result, const SqlAnswer& answer) const {
  if (answer.fault == SqlAnswer::Fault::late) {
    const bool asked = answer.connected.has_value();
    return give_up(result, Worked::late,
                   asked ? SqlBreaker::Stage::asking : SqlBreaker::Stage::connecting);
  }
  result.address = answer.address;
  if (answer.connected) result.phases.set(Phase::connect, *answer.connected);
  if (answer.answered) result.phases.set(Phase::first_byte, *answer.answered);
  if (answer.fault != SqlAnswer::Fault::none) {
    const bool ours = answer.fault == SqlAnswer::Fault::ours;
    result.verdict = ours ? Verdict::unknown : Verdict::down;
    result.reason = ours ? answer.text : with_address(answer.text, printable(answer.address, 200));
    return;
  }
  result.verdict = Verdict::up;
  result.metrics = metrics_of(answer);
  std::string bad = unmet(settings_.expect, answer);
  if (!bad.empty()) set_down(result, std::move(bad));
  if (result.verdict == Verdict::up) {
    result.reason = unmet(settings_.degraded_unless, answer);
    if (!result.reason.empty()) result.verdict = Verdict::degraded;
  }
  if (result.verdict != Verdict::up && !answer.rows.empty()) {
    result.details = printable_lines(show_rows(answer, kRowsInNotes), Result::kMostDetails);
  }
}

void SqlProber::explain(Result& result, const SqlAnswer* answer) const {
  auto& notes = result.notes;
  const SqlQuestion& question = settings_.question;
  notes.push_back("server: " + show_target(settings_) +
                  (question.user.empty() ? "" : ", user " + printable(question.user, 100)));
  notes.push_back("asked: " + printable(question.query, kMostQuery));
  if (answer == nullptr || !answer->answered) return;
  if (answer->columns.empty()) return notes.push_back("answered: without a result");
  const std::string rows = show_rows(*answer, kRowsInNotes);
  std::string_view rest = rows;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    notes.push_back((notes.size() == 2 ? "columns: " : "row: ") + std::string(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (answer->row_count == 0) notes.push_back("no row came back");
}

ParsedCheck parse(Settings& settings, Millis timeout) {
  SqlSettings sql = parse_sql_settings(settings, timeout);
  std::string target = show_target(sql);
  return {std::make_shared<SqlProber>(std::move(sql)), std::move(target)};
}

}  // namespace

const CheckType kSqlCheck{
    .name = "sql",
    .short_key = "",
    .summary = "asks PostgreSQL, MySQL, MariaDB or SQLite a query and judges the answer",
    .parse = parse,
};

}  // namespace tocsin
