// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// command: runs a program and takes its word for it, as Nagios does: the exit status is the
// verdict, the first line the reason. What runs it, and ends it, is net/child_process.h; what reads
// its words is probe/perfdata.h.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "net/child_process.h"
#include "probe/outcome.h"
#include "probe/perfdata.h"
#include "probe/prober.h"
#include "probe/types.h"
#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kMostInput = 1024 * 1024;
constexpr std::size_t kMostTarget = 200;
constexpr std::size_t kMostWords = 300;  // of stderr, in a reason or a note
constexpr std::size_t kMostNotes = 40;   // metrics that are listed one by one
constexpr int kNotExecutable = 126;      // what a shell exits with: POSIX, 2.8.2
constexpr int kNotFound = 127;

struct CommandSettings {
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, Text>> environment;
  Text input;
  std::string directory;
  Millis response_time{0};  // no limit
  Millis timeout{0};
};

std::string join(const std::vector<std::string>& arguments) {
  std::string out;
  for (const std::string& argument : arguments) out += (out.empty() ? "" : " ") + argument;
  return out;
}

std::string count_of(std::size_t count, const std::string& one, const std::string& many) {
  return count == 1 ? one : std::to_string(count) + " " + many;
}

// --- judging
// ----------------------------------------------------------------------------------------

// By the plugin guidelines; others have no meaning there, and are told as what they are.
std::optional<Verdict> verdict_of_exit(int status) noexcept {
  switch (status) {
    case 0: return Verdict::up;
    case 1: return Verdict::degraded;
    case 2: return Verdict::down;
    case 3: return Verdict::unknown;
    default: return std::nullopt;
  }
}

// What it said for itself; stderr speaks where stdout is silent.
std::string words_of(const ChildEnd& end, const PluginOutput& said) {
  if (!said.text.empty()) return said.text;
  const std::string_view err = trim(end.err);
  return printable(trim(err.substr(0, err.find('\n'))), kMostWords);
}

std::string with_words(std::string what, const std::string& words) {
  return words.empty() ? what : what + ": " + words;
}

void judge_exit(Result& result, const ChildEnd& end, const std::string& words) {
  const auto verdict = verdict_of_exit(end.number);
  if (verdict) {
    result.verdict = *verdict;
    const bool must_speak = words.empty() && *verdict != Verdict::up;
    result.reason =
        must_speak ? "exit status " + std::to_string(end.number) + ", without a word" : words;
    return;
  }
  std::string what = "exit status " + std::to_string(end.number);
  if (end.number == kNotExecutable) what += " (a shell's word for \"not executable\")";
  if (end.number == kNotFound) what += " (a shell's word for \"no such command\")";
  set_down(result, with_words(std::move(what), words));
}

void judge_killing(Result& result, const ChildEnd& end, std::string why, const std::string& words) {
  why += "; killed";
  if (end.killed_with_it == 1) why += " with its child";
  if (end.killed_with_it > 1) {
    why += " with its " + std::to_string(end.killed_with_it) + " children";
  }
  if (end.immortal > 0) {
    why += "; " + count_of(end.immortal, "a process of it lives", "of its processes live") +
           " on (it runs as another user, or hangs in the kernel)";
  }
  if (!words.empty()) why += "; it had said: " + words;
  set_down(result, std::move(why));
}

void judge(Result& result, const ChildEnd& end, const PluginOutput& said, Millis timeout) {
  const std::string words = words_of(end, said);
  switch (end.how) {
    case ChildEnd::How::exited: return judge_exit(result, end, words);
    case ChildEnd::How::killed: {
      const std::string core = end.core_dumped ? " (core dumped)" : "";
      return set_down(result, with_words("killed by " + signal_name(end.number) + core, words));
    }
    case ChildEnd::How::late:
      return judge_killing(result, end, "timed out after " + human_duration(timeout), words);
    case ChildEnd::How::flooded:
      return judge_killing(result, end,
                           "wrote more than " + std::to_string(kChildFlood / 1024 / 1024) + " MiB",
                           words);
    case ChildEnd::How::not_started:
      result.reason = end.text + "; install it, or correct 'command'";
      break;
    case ChildEnd::How::no_means: result.reason = end.text; break;
  }
  result.verdict = Verdict::unknown;
}

void add_details(Result& result, const ChildEnd& end, PluginOutput& said) {
  result.details = std::move(said.details);
  const std::string err = printable_lines(trim(end.err), Result::kMostDetails);
  if (err.empty() || result.verdict == Verdict::up) return;
  if (!result.details.empty()) result.details += "\n";
  result.details = printable_lines(result.details + "stderr: " + err, Result::kMostDetails);
}

// --- probing
// ----------------------------------------------------------------------------------------

class CommandProber final : public Prober {
 public:
  explicit CommandProber(CommandSettings settings) : settings_(std::move(settings)) {}
  asio::awaitable<Result> probe(ProbeContext& context) const override;

 private:
  ChildCommand command() const;
  void explain(Result& result, const ChildEnd& end, const PluginOutput& said) const;

  const CommandSettings settings_;
};

ChildCommand CommandProber::command() const {
  ChildCommand out;
  out.arguments = settings_.arguments;
  for (const auto& [name, value] : settings_.environment) {
    out.environment.emplace_back(name, value.value());
  }
  out.input = settings_.input.value();
  if (!settings_.directory.empty()) out.directory = settings_.directory;
  return out;
}

asio::awaitable<Result> CommandProber::probe(ProbeContext& context) const {
  const SteadyTime begun = context.clock.steady();
  ChildCommand what = command();
  const ChildEnd end = co_await run_child(std::move(what), context.deadline);
  PluginOutput said = parse_plugin_output(end.out);
  Result result;
  result.took = micros_between(begun, context.clock.steady());
  judge(result, end, said, settings_.timeout);
  judge_response_time(result, settings_.response_time);
  if (context.explain) explain(result, end, said);
  add_details(result, end, said);
  result.metrics = std::move(said.metrics);
  co_return result;
}

// The shortest text that is this number again.
std::string show_number(double value) {
  std::string text(32, '\0');
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  text.resize(static_cast<std::size_t>(end - text.data()));
  return text;
}

std::string show(const Metric& metric) {
  std::string out = metric.name + " = " + show_number(metric.value) + metric.unit;
  if (!metric.warn.empty()) out += ", warning outside " + metric.warn;
  if (!metric.crit.empty()) out += ", critical outside " + metric.crit;
  return out;
}

std::string show_end(const ChildEnd& end) {
  switch (end.how) {
    case ChildEnd::How::exited: return "exit status " + std::to_string(end.number);
    case ChildEnd::How::killed: return "killed by " + signal_name(end.number);
    case ChildEnd::How::late: return "still running at the deadline";
    case ChildEnd::How::flooded: return "wrote without end";
    case ChildEnd::How::not_started:
    case ChildEnd::How::no_means: break;
  }
  return "did not start";
}

void CommandProber::explain(Result& result, const ChildEnd& end, const PluginOutput& said) const {
  auto& notes = result.notes;
  notes.push_back("command: " + printable(join(settings_.arguments), kMostWords));
  for (const auto& [name, value] : settings_.environment) {
    notes.push_back("environment: " + name + "=" + printable(value.shown(), kMostWords));
  }
  if (!settings_.input.empty()) {
    notes.push_back("stdin: " + quote(settings_.input.shown()));
  }
  notes.push_back("ended: " + show_end(end));
  if (end.how == ChildEnd::How::not_started || end.how == ChildEnd::How::no_means) return;
  notes.push_back("stdout: " + quote(end.out) + ", " + std::to_string(end.out.size()) + " bytes");
  if (!end.err.empty()) notes.push_back("stderr: " + printable(end.err, kMostWords));
  if (end.cut) {
    notes.push_back("there was more; " + std::to_string(kChildOutputMost / 1024) + " KiB are read");
  }
  for (const Metric& metric : said.metrics) {
    if (notes.size() > kMostNotes) break;
    notes.push_back("metric: " + show(metric));
  }
  for (const std::string& bad : said.bad) notes.push_back("not performance data: " + bad);
  if (end.how == ChildEnd::How::exited && end.killed_with_it > 0) {
    notes.push_back("it left " + count_of(end.killed_with_it, "a process", "processes") +
                    " running, ended now");
  }
}

// --- parsing
// ----------------------------------------------------------------------------------------

constexpr const char* kElsewhere =
    "; arguments show in ps: give it in 'environment' or 'stdin' if the program can take it there";

// "https://me:secret@host": a password in a URL is a secret wherever it stands.
bool has_password(std::string_view argument) {
  const std::size_t begin = argument.find("://");
  if (begin == std::string_view::npos) return false;
  std::string_view authority = argument.substr(begin + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  const std::size_t at = authority.rfind('@');
  return at != std::string_view::npos && authority.substr(0, at).find(':') < at;
}

// "--password=…" or "--token", whose value stands in this argument or the next.
bool names_secret(std::string_view argument) {
  if (!argument.starts_with("--")) return false;
  const std::string name = to_lower(argument.substr(2, argument.find('=') - 2));
  const auto is = [&name](std::string_view word) {
    return name == word || name.ends_with("-" + std::string(word));
  };
  return is("password") || is("passwd") || is("token") || is("secret") || is("api-key");
}

void parse_arguments(Settings& settings, CommandSettings& command) {
  command.arguments = settings.arguments("command");
  if (!settings.has("command")) return settings.error("'command' is missing");
  if (command.arguments.empty()) return settings.error("command", "no program is named");
  const std::string& program = command.arguments.front();
  const bool has_slash = program.find('/') != std::string::npos;
  if (command.arguments.size() == 1 && program.find(' ') != std::string::npos &&
      access(program.c_str(), F_OK) != 0) {
    settings.error("command",
                   "a list is needed, [program, argument, …]: no shell splits this text at its "
                   "spaces (where a shell is wanted: [sh, -c, \"…\"])");
  } else if (program.empty() || (has_slash && program.front() != '/')) {
    settings.error("command", "the program is neither an absolute path nor a name in PATH");
  } else if (has_slash && access(program.c_str(), X_OK) != 0) {
    settings.warn("command", "there is no such program here now, or it is not executable");
  }
  for (const std::string& argument : command.arguments) {
    if (has_password(argument)) {
      settings.error("command", std::string("a URL with a password in an argument") + kElsewhere);
    } else if (names_secret(argument)) {
      settings.warn("command",
                    std::string("an argument looks as if it were a secret") + kElsewhere);
    }
  }
}

bool is_variable(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  if (name.empty() || !letter(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

void parse_surroundings(Settings& settings, CommandSettings& command) {
  command.environment = settings.map("environment");
  command.input = settings.text_with_secrets("stdin");
  command.directory = settings.text("directory");
  for (const auto& [name, value] : command.environment) {
    if (!is_variable(name)) {
      settings.error("environment", "no name for a variable: \"" + printable(name, 100) + '"');
    }
  }
  if (command.input.value().size() > kMostInput) {
    settings.error("stdin", "longer than " + std::to_string(kMostInput / 1024) + " KiB");
  }
  if (!command.directory.empty() && command.directory.front() != '/') {
    settings.error("directory", "not an absolute path");
  }
}

ParsedCheck parse(Settings& settings, Millis timeout) {
  CommandSettings command;
  parse_arguments(settings, command);
  parse_surroundings(settings, command);
  command.response_time = settings.duration("response_time", Millis{0}, {Millis{1}, timeout});
  command.timeout = timeout;
  std::string target = printable(join(command.arguments), kMostTarget);
  return {std::make_shared<CommandProber>(std::move(command)), std::move(target)};
}

}  // namespace

const CheckType kCommandCheck{
    .name = "command",
    .short_key = "command",
    .summary = "runs a program, any Nagios plugin as it is, and takes its exit status for it",
    .parse = parse,
};

}  // namespace tocsin
