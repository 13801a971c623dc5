// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>

#include "probe/file_look.h"

namespace tocsin {

// Reads what is asked of a regular file's content into `facts`: rules that it breaks, its SHA-256,
// and why it could not be read. For a worker's thread.
void read_content(const FileQuery& query, SteadyTime until, FileFacts& facts);

// What is wrong with the text by the rules, a clause each. Pure.
std::vector<std::string> broken_rules(const ContentRules& rules, std::string_view text);

// What a file as sha256sum(1) writes it says of `path`: of its full name, else of its last part,
// else what stands there alone. Empty: nothing. Pure.
std::string sum_for(std::string_view sums, std::string_view path);

// Whether it is 64 hex digits.
bool is_sha256(std::string_view text) noexcept;

}  // namespace tocsin
