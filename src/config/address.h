// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tocsin {

// What is wrong with a URL, free of the URL itself; empty if it can be used with one of the
// schemes.
std::string url_mistake(std::string_view url, const std::vector<std::string_view>& schemes);

// What is wrong with an address to listen on: HOST:PORT, [v6]:PORT or unix:/path; empty if nothing.
std::string listen_mistake(std::string_view address);
// Whether nobody outside the machine reaches such an address: a unix socket, 127.0.0.0/8, ::1 or
// localhost.
bool is_local_listen(std::string_view address);

}  // namespace tocsin
