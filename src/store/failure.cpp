// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "store/failure.h"

#include <sqlite3.h>

#include <cerrno>
#include <system_error>

namespace tocsin {
namespace {

bool is_out_of_space(int system_error) noexcept {
  return system_error == ENOSPC || system_error == EDQUOT;
}

std::string reason_of(const std::string& detail, int system_error) {
  if (system_error == 0) return detail;
  return detail + ", " + std::generic_category().message(system_error);
}

}  // namespace

Fault fault_of(int sqlite_code, int system_error) noexcept {
  switch (sqlite_code & 0xFF) {
    case SQLITE_FULL: return Fault::full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Fault::damaged;
    case SQLITE_IOERR: return is_out_of_space(system_error) ? Fault::full : Fault::io;
    case SQLITE_READONLY: return Fault::read_only;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return Fault::busy;
    case SQLITE_CANTOPEN: return is_out_of_space(system_error) ? Fault::full : Fault::unavailable;
    case SQLITE_PERM:
    case SQLITE_AUTH: return Fault::unavailable;
    default: return Fault::other;
  }
}

Failure make_failure(Fault fault, const std::string& path, const std::string& detail,
                     int system_error) {
  const std::string reason = " (" + reason_of(detail, system_error) + ")";
  switch (fault) {
    case Fault::full:
      return {fault, "disk full: " + path + " cannot be written" + reason + "; make space"};
    case Fault::io:
      return {fault, "the disk fails: " + path + " cannot be read or written" + reason +
                         "; look at the file system and the kernel's log"};
    case Fault::read_only:
      return {fault, path + " is read-only" + reason + "; make it and its directory writable"};
    case Fault::busy:
      return {fault, path + " is locked by another program" + reason + "; end that program"};
    case Fault::unavailable:
      return {fault, path + " cannot be opened" + reason +
                         "; see to it that its directory exists and is ours to write"};
    case Fault::removed: return {fault, path + " was moved or removed while it was in use"};
    case Fault::damaged: return {fault, path + " is damaged" + reason};
    default: return {fault, path + " cannot be used" + reason};
  }
}

}  // namespace tocsin
