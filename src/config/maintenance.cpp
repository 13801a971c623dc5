// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/maintenance.h"

#include <string>
#include <utility>

#include "config/names.h"
#include "util/select.h"

namespace tocsin {
namespace {

Maintenance read_window(Loading& loading, Section& section, Windows& windows, Selectors& selectors,
                        const std::vector<CheckPtr>& checks) {
  Maintenance out;
  out.name = read_name(section, "maintenance window");
  out.match = selectors.read(section);
  out.window = windows.read(section);
  section.finish();
  const Section match = section.child("match", "name");
  if (out.match == Selector{}) {
    // A broken `match` is reported already.
    if (!match.given("name") && !match.given("labels") && section.given("match")) {
      section.error("match", "this would be all checks; write {name: \"*\"} if that is meant");
    } else if (section.node("match") == nullptr) {
      section.error(
          "a maintenance window needs the checks that it is about; add \"match\", such as match: "
          "{name: web-*}, or {name: \"*\"} for all");
    }
  } else if (loading.complete && !loading.problems.any_error() && !selects_any(out.match, checks)) {
    section.warn("match", "this maintenance window matches no check: there is none of " +
                              in_quotes(shown(out.match)));
  }
  return out;
}

}  // namespace

void read_maintenance(Loading& loading, std::vector<Section>& files, Windows& windows,
                      Selectors& selectors, Config& config) {
  std::vector<Place> places;
  Shown shown;
  shown.kind = Shown::Kind::list;
  for (Section& file : files) {
    for (const Node* mapping : file.mappings("maintenance")) {
      Section section = file.item("maintenance", mapping);
      config.maintenance.push_back(
          read_window(loading, section, windows, selectors, config.checks));
      places.push_back(section.place("name"));
      if (!loading.record) continue;
      const Maintenance& entry = config.maintenance.back();
      Shown out = Shown::mapping();
      out.add("name", Shown::of(entry.name));
      out.add("match", shown_of(entry.match));
      for (auto& each : windows.shown(entry.window).map) out.map.push_back(std::move(each));
      shown.list.push_back(std::move(out));
    }
  }
  // Names are looked up where they stay.
  Names names(loading, "maintenance window");
  for (std::size_t i = 0; i < places.size(); ++i) names.add(config.maintenance[i].name, places[i]);
  loading.document.add("maintenance", std::move(shown));
}

}  // namespace tocsin
