// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "deliver/digest.h"

#include <algorithm>
#include <numeric>

#include "util/text.h"

namespace tocsin {
namespace {

constexpr std::size_t kLongestReason = 120;
constexpr std::size_t kNamesInHeadline = 3;
constexpr std::size_t kHeadlineFull = 200;  // no further names once it is as long
constexpr std::size_t kReserve = 32;        // for "[10 of 10]" and "and 99999 more"

// Entries (by index) that share a line.
struct Group {
  std::string label;
  std::vector<std::size_t> entries;
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

std::vector<Group> group_by(const std::vector<DigestEntry>& entries, bool with_reasons) {
  std::vector<Group> groups;
  std::size_t word_began = 0;  // the first group of the present word
  std::string_view word;
  for (const std::size_t index : by_rank(entries)) {
    const DigestEntry& entry = entries[index];
    if (entry.word != word) {
      word = entry.word;
      word_began = groups.size();
    }
    const std::string reason = with_reasons ? shown_reason(entry) : std::string();
    const std::string label = reason.empty() ? entry.word : entry.word + ", " + reason;
    const auto begin = groups.begin() + static_cast<std::ptrdiff_t>(word_began);
    const auto found =
        std::find_if(begin, groups.end(), [&](const Group& group) { return group.label == label; });
    if (found != groups.end()) {
      found->entries.push_back(index);
    } else {
      groups.push_back({label, {index}});
    }
  }
  return groups;
}

std::string headline(const std::vector<DigestEntry>& entries) {
  std::string out;
  for (const Group& group : group_by(entries, false)) {
    const std::size_t count = group.entries.size();
    if (!out.empty()) out += "; ";
    out += group.label + " " + std::to_string(count) + (count == 1 ? " check" : " checks");
    std::size_t named = 0;
    for (const std::size_t index : group.entries) {
      if (named == kNamesInHeadline || out.size() >= kHeadlineFull) break;
      out += (named++ == 0 ? ": " : ", ") + entries[index].check;
    }
    if (named > 0 && named < count) out += " and " + std::to_string(count - named) + " more";
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
      const std::string line = "\n" + group.label + ": " + name;
      const std::string piece = on_line ? ", " + name : line;
      if (unnamed_ == 0 && fits(piece)) {
        pages_.back().text += piece;
      } else if (unnamed_ == 0 && pages_.size() < most_pages_) {
        pages_.push_back({line, {}});
      } else {
        ++unnamed_;
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

Packer pack(const std::vector<DigestEntry>& entries, bool with_reasons, std::size_t bytes,
            std::size_t pages) {
  Packer packer(bytes, pages);
  for (const Group& group : group_by(entries, with_reasons)) packer.add(group, entries);
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

std::vector<DigestPage> write_digest(const std::vector<DigestEntry>& entries, DigestLimits limits) {
  const std::string first_line = headline(entries);
  const std::size_t frame = first_line.size() + kReserve;
  const std::size_t bytes = limits.bytes > frame ? limits.bytes - frame : 0;
  Packer packer = pack(entries, true, bytes, limits.pages);
  if (packer.unnamed() > 0) packer = pack(entries, false, bytes, limits.pages);

  std::vector<DigestPage> pages = packer.take();
  for (std::size_t i = 0; i < pages.size(); ++i) {
    const std::string part =
        " [" + std::to_string(i + 1) + " of " + std::to_string(pages.size()) + "]";
    pages[i].text = first_line + (pages.size() > 1 ? part : "") + pages[i].text;
  }
  return pages;
}

}  // namespace tocsin
