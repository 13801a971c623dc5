// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Entries are grouped three times: by what is said of the check, by the common part of the reason,
// and then, the best first, by a label that a good part of them share. Whoever is paged reads the
// first line only, so that names the largest group whole: how many of how many, where, and why.
#include "deliver/digest.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestReason = 120;
constexpr std::size_t kNamesInHeadline = 3;
constexpr std::size_t kHeadlineFull = 200;  // no further names once it is as long
constexpr std::size_t kReserve = 32;        // for "[10 of 10]" and "and 99999 more"

constexpr std::size_t kLongestLabel = 80;
constexpr int kMostLabels = 4;  // of one word and reason

// Entries (by index) that share a line.
struct Group {
  std::string word;
  std::string reason;
  std::vector<std::size_t> entries;
  std::string label;      // "dc=dc-2", shared by all of them; mostly of use, sometimes empty
  std::size_t total = 0;  // how many checks have that label

  std::string title() const {
    return reason.empty() ? word + where() : word + where() + ", " + reason;
  }
  std::string where() const {
    if (label.empty()) return {};
    return " " + count() + " on " + label;
  }
  std::string count() const {
    return std::to_string(entries.size()) + " of " + std::to_string(total);
  }
};

std::string shown_name(const DigestEntry& entry) {
  if (entry.events <= 1) return entry.check;
  return entry.check + " (" + std::to_string(entry.events) + " changes)";
}

std::string shown_reason(const DigestEntry& entry) {
  return printable(common_reason(entry.reason), kLongestReason);
}

// The worst first, as they came within a rank.
std::vector<std::size_t> by_rank(const std::vector<DigestEntry>& entries) {
  std::vector<std::size_t> order(entries.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    if (entries[a].rank != entries[b].rank) return entries[a].rank < entries[b].rank;
    return entries[a].word < entries[b].word;
  });
  return order;
}

std::vector<Group> group_by_reason(const std::vector<DigestEntry>& entries, bool with_reasons) {
  std::vector<Group> groups;
  std::size_t word_began = 0;  // the first group of the present word
  std::string_view word;
  for (const std::size_t index : by_rank(entries)) {
    const DigestEntry& entry = entries[index];
    if (entry.word != word) {
      word = entry.word;
      word_began = groups.size();
    }
    std::string reason = with_reasons ? shown_reason(entry) : std::string();
    const auto begin = groups.begin() + static_cast<std::ptrdiff_t>(word_began);
    const auto found = std::find_if(begin, groups.end(),
                                    [&](const Group& group) { return group.reason == reason; });
    if (found != groups.end()) {
      found->entries.push_back(index);
    } else {
      groups.push_back({entry.word, std::move(reason), {index}, {}, 0});
    }
  }
  return groups;
}

// The group in parts that share a label each, and what is left.
void split_by_label(Group group, const std::vector<DigestEntry>& entries, const LabelTotals& totals,
                    std::vector<Group>& into) {
  for (int round = 0; round < kMostLabels && !group.entries.empty(); ++round) {
    std::vector<const Labels*> labels;
    labels.reserve(group.entries.size());
    for (const std::size_t index : group.entries) labels.push_back(entries[index].labels);
    const SharedLabel shared = shared_label(labels, totals);
    if (shared.text.empty()) break;
    Group part{group.word, group.reason, {}, printable(shared.text, kLongestLabel), shared.total};
    std::vector<std::size_t> rest;
    auto next = shared.of.begin();
    for (std::size_t i = 0; i < group.entries.size(); ++i) {
      const bool shares = next != shared.of.end() && *next == i;
      (shares ? part.entries : rest).push_back(group.entries[i]);
      if (shares) ++next;
    }
    into.push_back(std::move(part));
    group.entries = std::move(rest);
  }
  if (!group.entries.empty()) into.push_back(std::move(group));
}

std::vector<Group> group_by(const std::vector<DigestEntry>& entries, const LabelTotals& totals,
                            bool with_reasons) {
  std::vector<Group> out;
  for (Group& group : group_by_reason(entries, with_reasons)) {
    split_by_label(std::move(group), entries, totals, out);
  }
  return out;
}

void add_names(std::string& out, const Group& group, const std::vector<DigestEntry>& entries) {
  const std::size_t count = group.entries.size();
  std::size_t named = 0;
  for (const std::size_t index : group.entries) {
    if (named == kNamesInHeadline || out.size() >= kHeadlineFull) break;
    out += (named++ == 0 ? ": " : ", ") + entries[index].check;
  }
  if (named > 0 && named < count) out += " and " + std::to_string(count - named) + " more";
}

std::string checks(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " check" : " checks");
}

// The largest group of this word that shares a label, if that is most of them.
const Group* main_group(const std::vector<Group>& groups, const Group& all) {
  for (const Group& group : groups) {
    const bool most = group.entries.size() * 2 > all.entries.size();
    if (group.word == all.word && !group.label.empty() && most) return &group;
  }
  return nullptr;
}

std::string headline(const std::vector<DigestEntry>& entries, const LabelTotals& totals) {
  const std::vector<Group> groups = group_by(entries, totals, true);
  std::string out;
  for (const Group& word : group_by_reason(entries, false)) {
    if (!out.empty()) out += "; ";
    const Group* most = main_group(groups, word);
    if (most == nullptr) {
      out += word.word + " " + checks(word.entries.size());
      add_names(out, word, entries);
      continue;
    }
    out += word.word + " " + most->count() + " checks on " + most->label;
    if (!most->reason.empty()) out += ", " + most->reason;
    add_names(out, *most, entries);
    const std::size_t others = word.entries.size() - most->entries.size();
    if (others > 0) out += "; " + word.word + " " + std::to_string(others) + " others";
  }
  return out;
}

// Fills pages line by line. Each text begins with a line break: the headline comes before it.
class Packer {
 public:
  Packer(std::size_t bytes, std::size_t pages) : bytes_(bytes), most_pages_(pages) {}

  void add(const Group& group, const std::vector<DigestEntry>& entries) {
    bool on_line = false;
    for (const std::size_t index : group.entries) {
      const std::string name = shown_name(entries[index]);
      const std::string line = "\n" + group.title() + ": " + name;
      const std::string piece = on_line ? ", " + name : line;
      if (unnamed_ == 0 && fits(piece)) {
        pages_.back().text += piece;
      } else if (unnamed_ == 0 && pages_.size() < most_pages_) {
        pages_.push_back({line, {}});
      } else {
        ++unnamed_;
        continue;
      }
      on_line = true;
      pages_.back().entries.push_back(index);
    }
  }
  std::size_t unnamed() const noexcept { return unnamed_; }
  std::vector<DigestPage> take() {
    if (unnamed_ > 0) pages_.back().text += "\nand " + std::to_string(unnamed_) + " more";
    return std::move(pages_);
  }

 private:
  bool fits(const std::string& piece) const noexcept {
    return pages_.back().entries.empty() || pages_.back().text.size() + piece.size() <= bytes_;
  }

  std::size_t bytes_;
  std::size_t most_pages_;
  std::size_t unnamed_ = 0;
  std::vector<DigestPage> pages_{1};
};

Packer pack(const std::vector<DigestEntry>& entries, const std::vector<Group>& groups,
            DigestLimits limits) {
  Packer packer(limits.bytes, limits.pages);
  for (const Group& group : groups) packer.add(group, entries);
  return packer;
}

}  // namespace

std::string_view common_reason(std::string_view reason) noexcept {
  if (!reason.ends_with(')')) return reason;
  const std::size_t open = reason.rfind(" (");
  if (open == std::string_view::npos) return reason;
  const std::string_view inside = reason.substr(open + 2, reason.size() - open - 3);
  const bool address = inside.find(':') != std::string_view::npos &&
                       inside.find_first_not_of("0123456789abcdefABCDEF.:[]") == inside.npos;
  return address ? reason.substr(0, open) : reason;
}

std::vector<DigestPage> write_digest(const std::vector<DigestEntry>& entries, DigestLimits limits,
                                     const LabelTotals& totals) {
  const std::string first_line = headline(entries, totals);
  const std::size_t frame = first_line.size() + kReserve;
  limits.bytes = limits.bytes > frame ? limits.bytes - frame : 0;
  Packer packer = pack(entries, group_by(entries, totals, true), limits);
  if (packer.unnamed() > 0) packer = pack(entries, group_by(entries, totals, false), limits);

  std::vector<DigestPage> pages = packer.take();
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const std::string part =
        " [" + std::to_string(i + 1) + " of " + std::to_string(pages.size()) + "]";
    pages[i].text = first_line + (pages.size() > 1 ? part : "") + pages[i].text;
  }
  return pages;
}

}  // namespace tocsin
