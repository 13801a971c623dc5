// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "util/pattern.h"

#include <re2/re2.h>

#include <array>
#include <stdexcept>

namespace tocsin {

struct Pattern::Impl {
  explicit Impl(const std::string& pattern, const RE2::Options& options) : re(pattern, options) {}
  RE2 re;
};

Pattern::Pattern(const std::string& pattern) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  impl_ = std::make_unique<Impl>(pattern, options);
  if (!impl_->re.ok()) throw std::runtime_error(impl_->re.error());
}

Pattern::~Pattern() = default;
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;

bool Pattern::matches(std::string_view text) const {
  return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), impl_->re);
}

std::optional<std::size_t> Pattern::end_of_match(std::string_view text) const {
  const re2::StringPiece all(text.data(), text.size());
  re2::StringPiece match;
  if (!impl_->re.Match(all, 0, all.size(), RE2::UNANCHORED, &match, 1)) return std::nullopt;
  return static_cast<std::size_t>(match.data() - text.data()) + match.size();
}

std::optional<std::string_view> Pattern::first_group(std::string_view text) const {
  const re2::StringPiece all(text.data(), text.size());
  std::array<re2::StringPiece, 2> match;
  const int wanted = impl_->re.NumberOfCapturingGroups() > 0 ? 2 : 1;
  if (!impl_->re.Match(all, 0, all.size(), RE2::UNANCHORED, match.data(), wanted)) {
    return std::nullopt;
  }
  const re2::StringPiece& found = match[static_cast<std::size_t>(wanted) - 1];
  return std::string_view(found.data(), found.size());
}

const std::string& Pattern::source() const {
  return impl_->re.pattern();
}

}  // namespace tocsin
