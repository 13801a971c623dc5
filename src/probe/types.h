// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include "tocsin/registry.h"

namespace tocsin {

// Each is defined at the end of its own source file; registry.cpp lists them. Constant data.
extern const CheckType kCertificateCheck;
extern const CheckType kCommandCheck;
extern const CheckType kDiskCheck;
extern const CheckType kDnsCheck;
extern const CheckType kDomainCheck;
extern const CheckType kFileCheck;
extern const CheckType kGrpcCheck;
extern const CheckType kHeartbeatCheck;
extern const CheckType kHttpCheck;
extern const CheckType kLoadCheck;
extern const CheckType kMemoryCheck;
extern const CheckType kPingCheck;
extern const CheckType kProcessCheck;
extern const CheckType kSqlCheck;
extern const CheckType kStepsCheck;
extern const CheckType kTcpCheck;
extern const CheckType kUdpCheck;
extern const CheckType kUnitCheck;
extern const CheckType kWebsocketCheck;

}  // namespace tocsin
