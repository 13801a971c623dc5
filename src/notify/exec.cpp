// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// A program of one's own, run once a message: the facts as JSON on its standard input, the plainest
// of them in its environment too. There are no templates in its arguments and no shell, so nothing
// that a target sent can become a part of a command; secrets go by standard input or environment,
// since everybody on the machine sees arguments.
//
// Its exit status decides: 0 is sent, 75 (EX_TEMPFAIL of sysexits.h, as for mail) is later, any
// other is rejected. One that had to be killed is tried again, and is in doubt.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "net/child_process.h"
#include "notify/http_sink.h"
#include "notify/notifier.h"
#include "notify/payload.h"
#include "notify/sink_json.h"
#include "notify/sink_text.h"
#include "notify/types.h"
#include "notify/webhook_url.h"
#include "notify/wording.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Poco::JSON::Object;

constexpr int kTempFail = 75;
constexpr std::size_t kLongestWords = 200;
constexpr std::size_t kLongestSink = 100;
constexpr std::size_t kLongestFact = 1000;
constexpr std::size_t kLongestRef = 512;
constexpr std::string_view kRefMark = "thread_ref=";

using Names = std::vector<std::pair<std::string, Text>>;

struct ExecSettings {
  std::vector<std::string> arguments;
  Names environment;
  Names secrets;  // for standard input
  std::string directory;
  Millis timeout{};
  Wording wording;
  std::vector<std::string> hidden;  // values that must not be shown
};

std::string_view first_line_of(std::string_view text) noexcept {
  text = trim(text);
  return trim(text.substr(0, text.find('\n')));
}

// "thread_ref=…" as the last line of its output: how it names the thread; given back to it in the
// next message of that thread.
std::string ref_in(std::string_view out) {
  out = trim(out);
  const auto last = out.rfind('\n');
  const std::string_view line = trim(last == std::string_view::npos ? out : out.substr(last + 1));
  if (!line.starts_with(kRefMark)) return {};
  const std::string_view ref = line.substr(kRefMark.size());
  const bool fine =
      std::all_of(ref.begin(), ref.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return fine && ref.size() <= kLongestRef ? std::string(ref) : std::string();
}

class Exec final : public Notifier {
 public:
  explicit Exec(ExecSettings settings) : settings_(std::move(settings)) {}

  asio::awaitable<Outcome> send(const Delivery& delivery) const override {
    ChildCommand command = make_command(delivery);
    const SteadyTime deadline = delivery.clock.steady() + settings_.timeout;
    const ChildEnd end = co_await run_child(std::move(command), deadline);
    co_return outcome_of_end(end);
  }

  // Programs may keep a state per thread.
  Pace pace() const override { return {"exec:" + key(), Millis{0}, false, false}; }
  std::string sink() const override { return printable(joined_arguments(), kLongestSink); }

 private:
  std::string joined_arguments() const {
    std::string out;
    for (const std::string& one : settings_.arguments) out += (out.empty() ? "" : " ") + one;
    return out;
  }
  std::string key() const { return fitted_key(joined_arguments(), 200); }
  ChildCommand make_command(const Delivery& delivery) const;
  std::string said(const ChildEnd& end) const;
  Outcome outcome_of_end(const ChildEnd& end) const;

  ExecSettings settings_;
};

ChildCommand Exec::make_command(const Delivery& delivery) const {
  const Notification& notification = delivery.notification;
  const Message& message = *notification.message;
  ChildCommand command;
  command.arguments = settings_.arguments;
  if (!settings_.directory.empty()) command.directory = settings_.directory;
  const auto fact = [&](const char* name, const std::string& value) {
    command.environment.emplace_back(name, printable(value, kLongestFact));
  };
  Object payload = payload_of(delivery, settings_.wording);
  fact("TOCSIN_KIND", std::string(to_string(message.kind)));
  fact("TOCSIN_CHECK", message.check);
  fact("TOCSIN_STATE", std::string(to_string(message.to)));
  fact("TOCSIN_ID", notification.uid);
  fact("TOCSIN_THREAD_KEY", payload.getValue<std::string>("thread_key"));
  fact("TOCSIN_THREAD_REF", delivery.thread_ref);
  fact("TOCSIN_INCIDENT", message.incident == 0 ? "" : std::to_string(message.incident));
  fact("TOCSIN_INSTANCE", message.instance);
  fact("TOCSIN_TITLE", payload.getValue<std::string>("title"));
  for (const auto& [name, value] : settings_.environment) {
    command.environment.emplace_back(name, value.value());
  }
  payload.set("thread_ref", delivery.thread_ref);
  if (!settings_.secrets.empty()) {
    Object secrets(Poco::JSON_PRESERVE_KEY_ORDER);
    for (const auto& [name, value] : settings_.secrets) secrets.set(name, value.value());
    payload.set("secrets", secrets);
  }
  command.input = json_text(payload) + "\n";
  return command;
}

// The first line of what it complained of; never a secret that it was given.
std::string Exec::said(const ChildEnd& end) const {
  const std::string_view line = first_line_of(end.err);
  if (gives_away(line, settings_.hidden)) return ": (its words hold a secret and are left out)";
  const std::string shown = printable(line, kLongestWords);
  return shown.empty() ? std::string() : ": " + shown;
}

Outcome Exec::outcome_of_end(const ChildEnd& end) const {
  Outcome outcome;
  switch (end.how) {
    case ChildEnd::How::exited:
      if (end.number == 0) {
        outcome.what = Outcome::What::sent;
        outcome.thread_ref = ref_in(end.out);
        return outcome;
      }
      if (end.number != kTempFail) outcome.what = Outcome::What::rejected;
      outcome.reason = "exit status " + std::to_string(end.number) + said(end);
      break;
    case ChildEnd::How::killed:
      outcome.reason = "killed by " + signal_name(end.number) + said(end);
      outcome.in_doubt = true;
      break;
    case ChildEnd::How::late:
      outcome.reason = "ran for more than " + human_duration(settings_.timeout) +
                       ", and was killed with all it had started" + said(end);
      outcome.in_doubt = true;
      break;
    case ChildEnd::How::flooded:
      outcome.reason = "wrote without end, and was killed" + said(end);
      outcome.in_doubt = true;
      break;
    case ChildEnd::How::not_started:
      outcome.what = Outcome::What::rejected;
      outcome.reason = printable(end.text, kLongestWords) + "; install it, or correct 'command'";
      break;
    case ChildEnd::How::no_means: outcome.reason = printable(end.text, kLongestWords); break;
  }
  return outcome;
}

// --- settings
// ------------------------------------------------------------------------------------

bool is_variable(const std::string& name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

Names parse_names(Settings& settings, std::string_view key, ExecSettings& exec) {
  Names out = settings.map(key);
  for (const auto& [name, value] : out) {
    if (!is_variable(name)) {
      settings.error(key, "not a name of letters, digits and _: \"" + printable(name, 60) + "\"");
    } else if (name.starts_with("TOCSIN_") && key == "environment") {
      settings.error(key, name + " is not to be set: it follows from the message");
    } else if (value.value().find('\0') != std::string::npos) {
      settings.error(key, name + " holds a NUL character");
    }
    if (key == "secrets" || value.hides_something()) exec.hidden.push_back(value.value());
  }
  return out;
}

void parse_command(Settings& settings, ExecSettings& exec) {
  exec.arguments = settings.arguments("command");
  if (!settings.has("command")) return settings.error("command", "command is missing");
  if (exec.arguments.empty() || exec.arguments.front().empty()) {
    return settings.error("command", "command names no program");
  }
  const std::string& program = exec.arguments.front();
  const bool is_path = program.find('/') != std::string::npos;
  if (is_path && !program.starts_with('/')) {
    settings.error("command", "the program is an absolute path, or a name that is found in PATH");
  }
  if (!is_path && program.find(' ') != std::string::npos) {
    settings.error("command",
                   "there is no shell: write the program and each argument as an item "
                   "of its own, [program, argument, …]");
  }
}

std::shared_ptr<const Notifier> parse_exec(Settings& settings) {
  ExecSettings exec;
  parse_command(settings, exec);
  exec.environment = parse_names(settings, "environment", exec);
  exec.secrets = parse_names(settings, "secrets", exec);
  exec.directory = settings.text("directory");
  if (!exec.directory.empty() && !exec.directory.starts_with('/')) {
    settings.error("directory", "directory is an absolute path");
  }
  exec.timeout = settings.duration("timeout", std::chrono::seconds{30},
                                   {std::chrono::seconds{1}, std::chrono::seconds{90}});
  exec.wording = parse_wording(settings);
  return std::make_shared<Exec>(std::move(exec));
}

}  // namespace

const NotifierType kExecNotifier{
    "exec", "command",
    "a program of one's own: JSON on its standard input, its exit status decides", parse_exec};

}  // namespace tocsin
