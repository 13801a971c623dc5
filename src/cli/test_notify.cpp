// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// `tocsin test-notify`: an incident that never was, told as a real one would be. Each message says
// that it is a test. What was sent and what came back is printed; standard output has the story,
// standard error what went wrong.
#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <utility>

#include "cli/commands.h"
#include "cli/load_or_complain.h"
#include "deliver/one_by_one.h"
#include "notify/text.h"
#include "notify/wording.h"
#include "util/duration.h"
#include "util/system_clock.h"
#include "util/text.h"

namespace tocsin {
namespace {

using What = Outcome::What;

constexpr const char* kThread = "tocsin/test";
constexpr Millis kFirstSign{30'000};  // before the made-up DOWN was decided
constexpr std::size_t kLongestShown = 500;

// The story that is told.
struct Incident {
  std::string instance;
  WallTime decided_at;

  Message message(Kind kind, WallTime now) const;
};

Message Incident::message(Kind kind, WallTime now) const {
  Message out;
  out.kind = kind;
  out.instance = instance;
  out.check = kThread;
  out.type = kTestType;
  out.target = "nothing (the check is made up)";
  out.description = "made up by tocsin test-notify";
  out.runbook = "https://example.org/tocsin/test";
  out.labels = {{"team", "test"}};
  out.since = decided_at - kFirstSign;
  out.decided_at = decided_at;
  out.incident = 1;
  out.from = State::up;
  out.to = State::down;
  out.reason = "this is a test; nothing is down";
  out.failed_probes = 3;
  if (kind == Kind::reminder) out.from = State::down;
  if (kind != Kind::up) return out;
  out.from = out.worst = State::down;
  out.to = State::up;
  out.worst_reason = "this is a test; nothing was down";
  out.reason = "this is a test";
  out.failed_probes = 0;
  out.decided_at = now;
  return out;
}

struct Tally {
  std::vector<Kind> sent;
  std::vector<Kind> failed;
  std::set<std::string> threads;  // as the sink names them, if it does

  bool good() const noexcept { return failed.empty() && !sent.empty(); }
};

std::string words_of_kinds(const std::vector<Kind>& kinds) {
  std::string out;
  for (const Kind kind : kinds) out += (out.empty() ? "" : ", ") + std::string(word(kind));
  return out;
}

void print_row(const std::string& text) {
  std::printf("  %s\n", text.c_str());
}

void print_words(const Words& words, const Message& message) {
  print_row(words.title.empty() ? first_line(message) : words.title);
  for (const std::string& line : words.lines) print_row(line);
}

void print_failure(const std::string& what, const NotifierEntry& entry, const Outcome& outcome) {
  std::fflush(stdout);
  const bool later = outcome.what == What::later;
  std::fprintf(stderr, "tocsin: %s: not sent to %s (%s): %s\n", what.c_str(), entry.name.c_str(),
               printable(entry.notifier->sink(), kLongestShown).c_str(),
               printable(outcome.reason, kLongestShown).c_str());
  if (outcome.in_doubt) std::fprintf(stderr, "  it may have arrived all the same\n");
  std::fprintf(stderr, "%s\n",
               later
                   ? "  the daemon would try again later"
                   : "  the daemon would not try again: such a notification becomes a dead letter");
}

// What the sink answered, as far as it tells.
void print_answer(const Outcome& outcome, Millis took) {
  std::string line = "-> sent in " + human_duration(took);
  if (!outcome.thread_ref.empty())
    line += ", thread " + printable(outcome.thread_ref, kLongestShown);
  if (!outcome.message_ref.empty()) {
    line += ", message " + printable(outcome.message_ref, kLongestShown);
  }
  print_row(line);
  if (!outcome.reason.empty()) print_row("   but " + printable(outcome.reason, kLongestShown));
}

// One notifier's turn.
class Trial {
 public:
  Trial(const Config& config, const NotifierEntry& entry, SteadyTime not_before)
      : entry_(entry),
        sender_(entry.notifier, clock_, not_before),
        incident_{config.instance, clock_.wall()} {}

  // A DOWN that was sent is followed by its UP, whatever became of what is between: where an alert
  // is open, it has to be closed.
  Tally run(const std::vector<Kind>& kinds) {
    std::printf("%s (%s, %s)\n", entry_.name.c_str(), std::string(entry_.type).c_str(),
                printable(entry_.notifier->sink(), kLongestShown).c_str());
    for (const Kind kind : kinds) {
      if (!tally_.failed.empty() && (tally_.sent.empty() || kind != Kind::up)) continue;
      tell(kind);
    }
    std::fflush(stdout);
    return tally_;
  }
  SteadyTime ready_at() const noexcept { return sender_.ready_at(); }

 private:
  void tell(Kind kind) {
    const NotificationPtr notification = make(kind);
    const bool follows = sender_.can_update();
    Words said;
    std::printf("\n%s\n", std::string(word(kind)).c_str());
    std::fflush(stdout);  // the console writes to the same descriptor
    const Outcome outcome = sender_.send(notification, &said);
    print_words(said, *notification->message);
    if (outcome.what != What::sent) {
      tally_.failed.push_back(kind);
      print_failure(std::string(word(kind)), entry_, outcome);
      return;
    }
    tally_.sent.push_back(kind);
    print_answer(outcome, sender_.took());
    if (!outcome.thread_ref.empty()) tally_.threads.insert(outcome.thread_ref);
    if (follows) update(notification);
  }

  void update(const NotificationPtr& latest) {
    const Outcome outcome = sender_.update(latest);
    if (outcome.what == What::sent) {
      print_row("-> the first message was brought up to date");
    } else {
      print_row("-> the first message could not be brought up to date: " +
                printable(outcome.reason, kLongestShown));
    }
  }

  NotificationPtr make(Kind kind) {
    const WallTime now = clock_.wall();
    auto out = std::make_shared<Notification>();
    out->id = ++last_id_;
    out->uid = random_uuid();
    out->notifier = entry_.name;
    out->thread_key = kThread;
    out->created_at = now;
    out->message = std::make_shared<const Message>(incident_.message(kind, now));
    return out;
  }

  SystemClock clock_;
  const NotifierEntry& entry_;
  OneByOne sender_;
  Incident incident_;
  Tally tally_;
  std::int64_t last_id_ = 0;
};

// Where the messages landed, as far as the sink tells.
std::string landed(const Tally& tally) {
  if (tally.threads.size() > 1) {
    return ", in " + std::to_string(tally.threads.size()) +
           " threads: the sink did not keep to the first one";
  }
  const std::string named = tally.threads.empty() ? std::string() : *tally.threads.begin();
  return ", in the thread of " + std::string(kThread) +
         (named.empty() ? std::string() : ": " + printable(named, kLongestShown));
}

void print_verdict(const NotifierEntry& entry, const Tally& tally) {
  const std::string sent = words_of_kinds(tally.sent);
  if (tally.good()) {
    std::printf("\nsent to %s: %s%s\n", entry.name.c_str(), sent.c_str(), landed(tally).c_str());
  } else {
    std::printf("\n%s: failed%s%s\n", entry.name.c_str(),
                sent.empty() ? "" : "; sent: ", sent.c_str());
  }
}

const NotifierEntry* find_entry(const Config& config, const std::string& name) {
  const auto at = std::find_if(config.notifiers.begin(), config.notifiers.end(),
                               [&](const NotifierEntry& entry) { return entry.name == name; });
  return at == config.notifiers.end() ? nullptr : &*at;
}

int complain(const Config& config, const std::string& name) {
  std::vector<std::string_view> known;
  for (const NotifierEntry& entry : config.notifiers) known.push_back(entry.name);
  const std::string_view near = nearest(name, known);
  std::fprintf(stderr, "tocsin: no notifier is named \"%s\"%s\n", printable(name, 200).c_str(),
               near.empty() ? "" : ("; did you mean \"" + std::string(near) + "\"?").c_str());
  return 1;
}

std::vector<Kind> kinds_of(const std::string& only) {
  for (const Kind kind : {Kind::down, Kind::reminder, Kind::up}) {
    if (only == to_string(kind)) return {kind};
  }
  return {Kind::down, Kind::reminder, Kind::up};
}

std::vector<std::string> names_of(const Config& config, const TestNotifyOptions& options) {
  if (!options.all) return options.names;
  std::vector<std::string> out;
  for (const NotifierEntry& entry : config.notifiers) out.push_back(entry.name);
  return out;
}

}  // namespace

int test_notify(const TestNotifyOptions& options) {
  const auto config = load_or_complain(options.file);
  if (!config) return 1;
  const std::vector<std::string> names = names_of(*config, options);
  for (const std::string& name : names) {
    if (find_entry(*config, name) == nullptr) return complain(*config, name);
  }
  std::map<std::string, SteadyTime> ready;  // by Pace::key
  std::size_t failed = 0;
  for (const std::string& name : names) {
    const NotifierEntry& entry = *find_entry(*config, name);
    const std::string budget = entry.notifier->pace().key;
    SteadyTime& ready_at = ready[budget.empty() ? name : budget];
    Trial trial(*config, entry, ready_at);
    const Tally tally = trial.run(kinds_of(options.only));
    ready_at = trial.ready_at();
    print_verdict(entry, tally);
    if (!tally.good()) ++failed;
    if (&name != &names.back()) std::printf("\n");
  }
  if (names.empty()) std::fprintf(stderr, "tocsin: the configuration has no notifier\n");
  if (names.size() > 1) {
    std::printf("\n%zu notifiers: %zu sent, %zu failed\n", names.size(), names.size() - failed,
                failed);
  }
  return names.empty() || failed > 0 ? 1 : 0;
}

}  // namespace tocsin
