// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <cstdio>
#include <string>

#include "cli/commands.h"
#include "cli/load_or_complain.h"
#include "notify/registry.h"
#include "probe/registry.h"
#include "util/duration.h"
#include "util/system_clock.h"

namespace tocsin {

std::shared_ptr<const Config> load_or_complain(const std::filesystem::path& file,
                                               const LoadOptions& options) {
  const Loaded loaded = load_config(file, check_types(), notifier_types(), options);
  for (const Problem& problem : loaded.problems) {
    std::fprintf(stderr, "%s\n", problem.text().c_str());
  }
  return loaded.config;
}

namespace {

// When each scheduled message is told next.
void print_occasions(const Config& config, const char* before) {
  const WallTime now = SystemClock().wall();
  for (const ScheduledMessagePtr& message : config.scheduled_messages) {
    const auto next = message->enabled ? message->next_after(now) : std::nullopt;
    std::string when = "never again";
    if (!message->enabled) when = "not told: it is disabled";
    if (next) when = "next told " + human_time(*next);
    std::printf("%sscheduled message %s: %s\n", before, message->name.c_str(), when.c_str());
  }
}

}  // namespace

int check_config(const CheckConfigOptions& options) {
  const LoadOptions how{.resolve_secrets = options.resolve_secrets};
  const auto config = load_or_complain(options.file, how);
  if (!config) return 1;
  if (options.print) {
    const std::string yaml = print_config(options.file, check_types(), notifier_types(), how);
    std::fputs(yaml.c_str(), stdout);
    print_occasions(*config, "# ");
    return 0;
  }
  const auto counted = [](std::size_t count, const char* what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
  };
  const std::size_t messages = config->scheduled_messages.size();
  const std::string scheduled = messages == 0 ? "" : ", " + counted(messages, "scheduled message");
  std::printf("%s: valid: %s, %s%s%s\n", options.file.c_str(),
              counted(config->checks.size(), "check").c_str(),
              counted(config->notifiers.size(), "notifier").c_str(), scheduled.c_str(),
              options.resolve_secrets ? "" : " (secrets were not looked up)");
  print_occasions(*config, "  ");
  return 0;
}

}  // namespace tocsin
