// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

// Stands in for Asio's header where parsers are built for fuzzing: clang 14 cannot read Asio's
// coroutines, and no parser runs one; headers beside theirs only declare functions that give one.
namespace asio {
class any_io_executor;
template <typename T, typename Executor = any_io_executor>
class awaitable;
}  // namespace asio
