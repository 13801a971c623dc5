// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "config/notifiers.h"

#include <exception>
#include <optional>
#include <string>
#include <string_view>

namespace tocsin {
namespace {

struct Reader {
  Loading& loading;
  std::vector<std::string_view> types;
  std::vector<NotifierEntry> entries;
  std::vector<Place> places;
  std::vector<Names::Edge> fallbacks;
  Shown shown;

  void read(Section& entry);
  void parse(Section& entry, const NotifierType& type, NotifierEntry& into);
  void record(const Section& entry, const NotifierEntry& notifier);
};

void Reader::parse(Section& entry, const NotifierType& type, NotifierEntry& into) {
  Section settings = entry.child(type.name, type.short_key);
  into.type = type.name;
  try {
    into.notifier = type.parse(settings);
  } catch (const std::exception& error) {
    settings.error("these settings cannot be used: " + std::string(error.what()));
  }
}

void Reader::record(const Section& entry, const NotifierEntry& notifier) {
  Shown out = Shown::mapping();
  out.add("name", Shown::of(notifier.name));
  out.add("fallback", Shown::of(notifier.fallback));
  for (const auto& child : entry.keys()->children)
    out.add(std::string(child->name), Shown::of_keys(child));
  shown.list.push_back(std::move(out));
}

void Reader::read(Section& entry) {
  NotifierEntry out;
  out.name = read_name(entry, "notifier");
  PlacedText fallback{entry.text("fallback"), entry.place("fallback"), false};
  if (entry.given("fallback")) {
    out.fallback = fallback.text;
    fallbacks.push_back({entries.size(), std::move(fallback)});
  }
  const auto type = find_type(loading, entry, "notifier", types);
  if (type) parse(entry, loading.notifier_types[*type], out);
  entry.finish();
  if (loading.record) record(entry, out);
  places.push_back(entry.place("name"));
  entries.push_back(std::move(out));
}

}  // namespace

std::vector<NotifierEntry> read_notifiers(Loading& loading, std::vector<Section>& files,
                                          Names& names) {
  Reader reader{loading, {}, {}, {}, {}, {}};
  reader.shown.kind = Shown::Kind::list;
  for (const NotifierType& type : loading.notifier_types) reader.types.push_back(type.name);
  for (Section& file : files) {
    for (const Node* mapping : file.mappings("notifiers")) {
      Section entry = file.item("notifiers", mapping);
      reader.read(entry);
    }
  }
  for (std::size_t i = 0; i < reader.entries.size(); ++i)
    names.add(reader.entries[i].name, reader.places[i]);
  names.check(reader.fallbacks, "falls back on");
  loading.document.add("notifiers", std::move(reader.shown));
  return std::move(reader.entries);
}

}  // namespace tocsin
