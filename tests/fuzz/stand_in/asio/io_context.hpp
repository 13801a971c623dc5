// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

// Stands in for Asio's header; see awaitable.hpp.
namespace asio {
class io_context;
}  // namespace asio
