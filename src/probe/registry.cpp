// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/registry.h"

#include <array>

#include "probe/types.h"

namespace tocsin {

CheckTypes check_types() noexcept {
  // Sorted by name. A type is registered by its line here and nowhere else.
  static const std::array kTypes{
      kCertificateCheck, kCommandCheck, kDiskCheck,      kDnsCheck,       kDomainCheck,
      kFileCheck,        kGrpcCheck,    kHeartbeatCheck, kHttpCheck,      kLoadCheck,
      kMemoryCheck,      kPingCheck,    kProcessCheck,   kSqlCheck,       kStepsCheck,
      kTcpCheck,         kUdpCheck,     kUnitCheck,      kWebsocketCheck,
  };
  return kTypes;
}

}  // namespace tocsin
