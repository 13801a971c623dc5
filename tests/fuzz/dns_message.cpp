// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// A DNS server's answer: bounded, however its names are compressed.
#include "net/dns_message.h"
#include "fuzz/fuzz.h"

namespace tocsin::fuzz {
namespace {

// 255 bytes, each as \DDD.
constexpr std::size_t kLongestName = 4 * 255;

void look(const DnsRecord& record) {
  require(record.name.size() <= kLongestName, "a name is bounded");
  require(!dns_type_name(record.type).empty(), "every type has a name");
  comparable_dns_data(record.type, record.data);
  canonical_dns_data(record.type, record.data);
}

}  // namespace
}  // namespace tocsin::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view bytes = fuzz::text_of(data, size);
  const DnsMessage message = parse_dns_message(bytes);
  fuzz::require(message.question.size() <= fuzz::kLongestName, "a question is bounded");
  for (const auto* section : {&message.answers, &message.authority, &message.additional}) {
    fuzz::require(section->size() <= size / 11 + 1, "a record takes 11 bytes at least");
    for (const DnsRecord& record : *section) fuzz::look(record);
  }
  fuzz::require(!dns_rcode_name(message.rcode).empty(), "every code has a name");
  // The same bytes as what people write.
  if (is_dns_name(bytes)) {
    const DnsMessage back = parse_dns_message(make_dns_query({std::string(bytes)}, 7));
    fuzz::require(back.problem.empty() && back.id == 7, "a question is a message");
    fuzz::require(canonical_dns_name(back.question) == canonical_dns_name(bytes),
                  "a question comes back as it was asked");
  }
  reverse_dns_name(bytes);
  return 0;
}
