// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>

#include "app.h"
#include "cli/commands.h"

namespace {

constexpr int kUsage = 64;  // EX_USAGE of sysexits.h
constexpr const char* kDefaultConfig = "/etc/tocsin/tocsin.yaml";

// Every command with its options; `chosen` runs the one that was named.
struct CommandLine {
  CLI::App app{
      "Tocsin, an alarm bell for servers: watches what YAML files say and tells people of "
      "changes."};
  std::string config = kDefaultConfig;
  tocsin::AckOptions ack;
  tocsin::ChatOptions chat;
  tocsin::CheckConfigOptions check_config;
  tocsin::NotifyOptions notify;
  tocsin::ProbeOptions probe;
  tocsin::ReplayOptions replay;
  tocsin::RouteOptions route;
  tocsin::SilenceOptions silence;
  tocsin::SilenceOptions maintenance{.maintenance = true};
  tocsin::WhyOptions why;
  bool no_secrets = false;
  tocsin::TestNotifyOptions test_notify;

  CommandLine() {
    app.name("tocsin");
    app.set_version_flag("--version", "tocsin " TOCSIN_VERSION);
    app.require_subcommand(1);
    app.fallthrough();  // --config may stand before or after the command
    app.add_option("-c,--config", config, "the configuration file")->capture_default_str();
    add_run();
    add_check_config();
    add_probe();
    add_test_notify();
    add_notify();
    add_ack();
    add_silence("silence", silence);
    add_silence("maintenance", maintenance);
    add_why();
    add_route();
    add_chat();
    add_replay();
  }

  void add_run() {
    app.add_subcommand("run", "run the daemon in the foreground")
        ->footer("Exits 0 after SIGTERM or SIGINT, 1 on a bad configuration. SIGHUP reloads.");
  }

  void add_chat() {
    CLI::App* command =
        app.add_subcommand("chat", "list what a Google Chat app can see, for the configuration");
    command->require_subcommand(1);
    CLI::App* spaces = command->add_subcommand("spaces", "the spaces that it is in");
    CLI::App* members = command->add_subcommand("members", "the members of a space");
    members->add_option("SPACE", chat.space, "the space's name: spaces/…")->required();
    for (CLI::App* list : {spaces, members}) {
      auto* name = list->add_option("NOTIFIER", chat.notifier,
                                    "whose service_account is used; default: the only one");
      list->add_option("--key", chat.key_file,
                       "a service account's JSON key file, instead of a configuration")
          ->excludes(name);
      list->footer("Exits 0 if there is a list, 1 if not.");
    }
  }

  void add_check_config() {
    CLI::App* command = app.add_subcommand("check-config", "validate the configuration");
    command->add_flag("--no-secrets", no_secrets,
                      "do not look up ${env:}, ${file:}, ${credential:}");
    command->add_flag("--print", check_config.print,
                      "print what came out, defaults filled in, secrets hidden");
    command->footer("Prints every error as FILE:LINE:COLUMN. Exits 0 if valid, 1 if not.");
  }

  void add_probe() {
    CLI::App* command = app.add_subcommand("probe", "probe checks once, now; needs no daemon");
    auto* names = command->add_option("NAME", probe.names, "the checks' names");
    auto* all = command->add_flag("--all", probe.all, "every check");
    names->excludes(all);
    command->callback([this] {
      if (!probe.all && probe.names.empty()) throw CLI::RequiredError("NAME or --all");
    });
    command->footer(
        "Exits as a Nagios plugin: 0 up, 1 degraded, 2 down, 3 unknown or no such check.");
  }

  void add_test_notify() {
    CLI::App* command = app.add_subcommand(
        "test-notify", "send DOWN, REMINDER and UP of a made-up check, and show what came back");
    auto* names = command->add_option("NOTIFIER", test_notify.names, "the notifiers' names");
    auto* all = command->add_flag("--all", test_notify.all, "every notifier");
    names->excludes(all);
    command->add_option("--only", test_notify.only, "one of the three: down, reminder, up")
        ->check(CLI::IsMember({"down", "reminder", "up"}));
    command->callback([this] {
      const bool named = test_notify.all || !test_notify.names.empty();
      if (!named) throw CLI::RequiredError("NOTIFIER or --all");
    });
    command->footer(
        "Whoever a DOWN calls is called, and a pager's alert is open until its UP. Exits 0 if all "
        "was sent, 1 if not.");
  }

  void add_notify() {
    CLI::App* command =
        app.add_subcommand("notify", "have the running daemon tell a message of one's own");
    command->add_option("TEXT", notify.words, "what is told; - reads it from standard input")
        ->required();
    command->add_option("--to", notify.to, "a notifier's name; may be given several times")
        ->allow_extra_args(false);
    command->add_option("--thread", notify.thread,
                        "the conversation it belongs to; default: tocsin/messages");
    command->add_option("--details", notify.details,
                        "more lines; - reads them from standard input, and keeps the end");
    command->add_option("--link", notify.link, "an http or https URL that goes with it");
    command->add_option("--id", notify.id,
                        "your own key: the same one again within a day is not told twice");
    command->callback([this] {
      const bool text_from_input = notify.words.size() == 1 && notify.words.front() == "-";
      if (text_from_input && notify.details == "-") {
        throw CLI::ValidationError("TEXT and --details cannot both be read from standard input");
      }
    });
    command->footer(
        "The daemon is found by its configuration (web.listen); steering it takes its unix socket "
        "as root or a member of its group, or web.admin_token. Exits 0 if the message was "
        "accepted, 1 if not.");
  }

  void add_ack() {
    CLI::App* command = app.add_subcommand(
        "ack", "tell the running daemon, and all who were told, that a check is looked after");
    command->add_option("NAME", ack.name, "the check's name")->required();
    auto* lasts = command->add_option("--for", ack.lasts, "how long: 30m, 2h; default: until up");
    auto* reason = command->add_option("--why", ack.why, "what is known or done");
    command->add_option("--by", ack.by, "who; default: your user's name");
    command->add_flag("--withdraw", ack.withdraw, "take it back; reminders go on")
        ->excludes(lasts)
        ->excludes(reason);
    command->footer(
        "Reminders stop until the check is up, gets worse, or the time is over. The daemon is "
        "found and steered as by notify. Exits 0 if it knows, 1 if not.");
  }

  void add_replay() {
    CLI::App* command = app.add_subcommand(
        "replay", "what the configuration would have told of results that were recorded");
    command->add_option("FILE", replay.results,
                        "the results: JSON lines; default: what the daemon recorded, results.jsonl "
                        "in its state_dir");
    command
        ->add_option("--set", replay.set,
                     "KEY=VALUE for all checks, as down_after=5; may be given several times")
        ->allow_extra_args(false);
    command->footer(
        "A line of FILE: {\"at\": \"2026-11-20T02:31:05Z\", \"check\": \"web-01\", \"verdict\": "
        "\"down\", \"reason\": \"connection refused\"}. Tells nobody. Exits 0 if it was replayed, "
        "1 if "
        "something is wrong with FILE, the configuration or --set.");
  }

  void add_silence(const char* word, tocsin::SilenceOptions& options) {
    CLI::App* command = app.add_subcommand(
        word, "have the running daemon tell nothing bad of some checks for a time");
    auto* list = command->add_flag("--list", options.list, "what is open");
    auto* end = command->add_option("--end", options.end, "end the one of this number")
                    ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000'000}));
    list->excludes(end);
    auto* pattern = command->add_option("PATTERN", options.pattern,
                                        "of names, as a shell has them: 'web-*'; '*' is every one");
    auto* lasts = command->add_option("DURATION", options.lasts, "how long: 30m, 2h, 1d");
    auto* label = command->add_option("--label", options.labels, "only those with KEY=VALUE")
                      ->allow_extra_args(false);
    auto* reason = command->add_option("--why", options.why, "why, for those who look");
    auto* who = command->add_option("--by", options.by, "who; default: your user's name");
    for (auto* instead : {list, end}) {
      for (auto* option : {pattern, lasts, label, reason, who}) instead->excludes(option);
    }
    command->callback([&options] {
      const bool begins = !options.list && !options.end;
      if (begins && options.lasts.empty()) {
        throw CLI::RequiredError("PATTERN and DURATION, or --list, or --end");
      }
    });
    command->footer(
        "What is still bad when it ends is told then; that a check is up is always told to those "
        "who were told. The daemon is found and steered as by notify. Exits 0 if done, 1 if not.");
  }

  void add_why() {
    CLI::App* command =
        app.add_subcommand("why", "why people were told of a check of late, or were not");
    command->add_option("NAME", why.name, "the check's name")->required();
    command->add_flag("--json", why.json, "as JSON");
    command->footer("The daemon is found as by notify. Exits 0 if it is printed, 1 if not.");
  }

  void add_route() {
    CLI::App* command =
        app.add_subcommand("route", "who would be told of a check, and why; needs no daemon");
    command->add_option("NAME", route.name, "the check's name")->required();
    command->add_option("--at", route.at, "at this time: 2026-11-21T22:30:00Z; default: now");
    command->footer("Exits 0 if it is printed, 1 if there is no such check or time.");
  }

  int run_chat() {
    chat.file = config;
    const bool spaces = app.get_subcommand("chat")->got_subcommand("spaces");
    return spaces ? tocsin::chat_spaces(chat) : tocsin::chat_members(chat);
  }

  int run() {
    if (app.got_subcommand("chat")) return run_chat();
    if (app.got_subcommand("run")) return tocsin::run_daemon(config);
    if (app.got_subcommand("check-config")) {
      check_config.file = config;
      check_config.resolve_secrets = !no_secrets;
      return tocsin::check_config(check_config);
    }
    if (app.got_subcommand("probe")) {
      probe.file = config;
      return tocsin::probe(probe);
    }
    if (app.got_subcommand("ack")) {
      ack.file = config;
      return tocsin::ack(ack);
    }
    if (app.got_subcommand("replay")) {
      replay.file = config;
      return tocsin::replay(replay);
    }
    if (app.got_subcommand("route")) {
      route.file = config;
      return tocsin::route(route);
    }
    for (auto* options : {&silence, &maintenance}) {
      if (!app.got_subcommand(options->maintenance ? "maintenance" : "silence")) continue;
      options->file = config;
      return tocsin::silence(*options);
    }
    if (app.got_subcommand("why")) {
      why.file = config;
      return tocsin::why(why);
    }
    if (app.got_subcommand("notify")) {
      notify.file = config;
      return tocsin::notify(notify);
    }
    test_notify.file = config;
    return tocsin::test_notify(test_notify);
  }
};

// A descriptor 0, 1 or 2 that the caller closed would be given to the first file that is opened,
// and what is meant for a terminal would be written into it.
void hold_standard_descriptors() {
  int fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO) fd = dup(fd);
  if (fd > STDERR_FILENO) close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_descriptors();
  try {
    CommandLine line;
    try {
      line.app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return line.app.exit(error) == 0 ? 0 : kUsage;
    }
    return line.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "tocsin: %s\n", error.what());
    return 1;
  }
}
