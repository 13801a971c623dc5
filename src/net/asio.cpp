// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// Asio, compiled once: every other source sees only its declarations (ASIO_SEPARATE_COMPILATION).
#include <asio/impl/src.hpp>
#include <asio/ssl/impl/src.hpp>
