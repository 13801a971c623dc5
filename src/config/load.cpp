// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// Files → tree → settings → Config. Everything of a load lives in one Loading, so that all memory
// of the parsing is free when it ends; malloc_trim then gives it back to the system.
#include "config/load.h"

#include <malloc.h>

#include <string>
#include <utility>

#include "config/checks.h"
#include "config/daemon.h"
#include "config/files.h"
#include "config/loading.h"
#include "config/maintenance.h"
#include "config/names.h"
#include "config/notifiers.h"
#include "config/routes.h"
#include "config/scheduled.h"
#include "config/uplink.h"

namespace tocsin {
namespace {

struct Read {
  Loaded loaded;
  std::string document;  // only if asked for and valid
};

// Routes say whom a check tells, so they come before the checks; what is about the checks after.
void read_people_and_checks(Loading& loading, std::vector<Section>& files, Config& config) {
  Names notifiers(loading, "notifier");
  config.notifiers = read_notifiers(loading, files, notifiers);
  SharedParts parts(loading, notifiers);
  Selectors selectors(loading);
  const std::vector<Place> routes = read_routes(loading, files, parts, selectors, config);
  Names checks(loading, "check");
  const auto inherited = read_checks(loading, files, parts, checks, config);
  read_scheduled(loading, files, notifiers, inherited, config);
  read_maintenance(loading, files, parts.windows(), selectors, config);
  read_uplink(loading, files, checks, config);
  read_alive(loading, files, config);
  judge_routes(loading, config, routes);
  selectors.judge(config.checks);
}

Read read_all(const std::filesystem::path& file, Loading& loading) {
  auto config = std::make_shared<Config>();
  std::vector<Section> files = read_files(loading, file);
  if (!files.empty()) {
    read_daemon(loading, files, *config);
    read_people_and_checks(loading, files, *config);
    for (Section& top : files) top.finish();
  }
  Read out;
  out.loaded.problems = loading.problems.sorted(loading.sources);
  if (loading.problems.any_error()) return out;
  out.loaded.config = std::move(config);
  if (loading.record) out.document = write_yaml(loading.document);
  return out;
}

Read read(const std::filesystem::path& file, CheckTypes checks, NotifierTypes notifiers,
          const LoadOptions& options, bool record) {
  Read out;
  {
    Loading loading(checks, notifiers, options, record);
    out = read_all(file, loading);
  }
  malloc_trim(0);
  return out;
}

}  // namespace

Loaded load_config(const std::filesystem::path& file, CheckTypes checks, NotifierTypes notifiers,
                   const LoadOptions& options) {
  return read(file, checks, notifiers, options, false).loaded;
}

LoadedWeb load_web(const std::filesystem::path& file) {
  Loading loading({}, {}, LoadOptions{}, false);
  std::vector<Section> files = read_files(loading, file);
  LoadedWeb out;
  out.found = !files.empty();
  if (out.found) out.web = read_web_settings(loading, files);
  out.problems = loading.problems.sorted(loading.sources);
  return out;
}

std::string print_config(const std::filesystem::path& file, CheckTypes checks,
                         NotifierTypes notifiers, const LoadOptions& options) {
  return read(file, checks, notifiers, options, true).document;
}

}  // namespace tocsin
