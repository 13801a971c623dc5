// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/perfdata.h"

#include <rapidcheck/catch.h>
#include <catch2/catch.hpp>
#include <string>

#include "util/text.h"

namespace tocsin {
namespace {

using namespace std::string_literals;

std::vector<Metric> metrics_of(const std::string& data) {
  const PluginOutput out = parse_plugin_output("OK | " + data);
  CHECK(out.bad.empty());
  return out.metrics;
}

Metric metric_of(const std::string& data) {
  const auto all = metrics_of(data);
  REQUIRE(all.size() == 1);
  return all.front();
}

}  // namespace

TEST_CASE("perfdata: text, long text and data are told apart as Nagios does", "[probe]") {
  // The example of the plugin guidelines.
  const PluginOutput out = parse_plugin_output(
      "DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968\n"
      "/ 15272 MB (77%);\n"
      "/boot 68 MB (69%);\n"
      "/var/log 819 MB (84%); | /boot=68MB;88;93;0;98\n"
      "/home=69357MB;253404;253409;0;253414 \n"
      "/var/log=818MB;970;975;0;980\n");
  CHECK(out.text == "DISK OK - free space: / 3326 MB (56%);");
  CHECK(out.details == "/ 15272 MB (77%);\n/boot 68 MB (69%);\n/var/log 819 MB (84%);");
  CHECK(out.bad.empty());
  REQUIRE(out.metrics.size() == 4);
  const Metric& root = out.metrics[0];
  CHECK(root.name == "/");
  CHECK(root.value == 2643);
  CHECK(root.unit == "MB");
  CHECK(root.warn == "5948");
  CHECK(root.crit == "5958");
  CHECK(root.least == 0.0);
  CHECK(root.most == 5968.0);
  CHECK(out.metrics[3].name == "/var/log");
}

TEST_CASE("perfdata: labels, with and without quotes", "[probe]") {
  CHECK(metric_of("a=1").name == "a");
  CHECK(metric_of("'a b=c'=1").name == "a b=c");
  CHECK(metric_of("'it''s'=1").name == "it's");
  CHECK(metric_of("C:\\=1").name == "C:\\");
  CHECK(metrics_of("a=1 'b c'=2\td=3").size() == 3);
}

TEST_CASE("perfdata: values and units", "[probe]") {
  const auto is = [](const std::string& written, double value, const std::string& unit) {
    const Metric metric = metric_of("x=" + written);
    CHECK(metric.value == Approx(value));
    CHECK(metric.unit == unit);
  };
  is("0.001234s;;;0", 0.001234, "s");
  is("-5", -5, "");
  is("+5", 5, "");
  is(".5%", 0.5, "%");
  is("12c", 12, "c");
  is("1e3KiB", 1000, "KiB");
  is("21°C", 21, "°C");
  CHECK(metrics_of("x=U;1;2").empty());  // not known is no value, and no mistake
}

TEST_CASE("perfdata: thresholds are ranges, kept as they are written", "[probe]") {
  for (const char* range :
       {"10", "10:", "~:10", "10:20", "@10:20", "-5:5", "@~:0.5", ":10", "~:"}) {
    INFO(range);
    const Metric metric = metric_of("x=1;" + std::string(range) + ";" + range);
    CHECK(metric.warn == range);
    CHECK(metric.crit == range);
  }
  const Metric bare = metric_of("x=1;;;;");
  CHECK(bare.warn.empty());
  CHECK_FALSE(bare.least);
  CHECK_FALSE(bare.most);
}

TEST_CASE("perfdata: what is malformed is skipped and told, the rest is used", "[probe]") {
  const auto bad_of = [](const std::string& data) {
    const PluginOutput out = parse_plugin_output("OK | " + data + " good=7");
    REQUIRE(out.metrics.size() == 1);
    CHECK(out.metrics.front().name == "good");
    return out.bad;
  };
  for (const char* bad : {"word", "=1", "a=", "a=x", "a=1;b", "a=1;;;c", "a=1;2;3;4;5;6", "a=nan",
                          "a=inf", "a=0x10", "a=1,5", "a=1e999", "''=1", "'a'1", "a=1;5:4:3"}) {
    INFO(bad);
    CHECK(bad_of(bad) == std::vector<std::string>{bad});
  }
  CHECK(bad_of("'never") == std::vector<std::string>{"'never"});
}

TEST_CASE("perfdata: outputs without text, data or line break", "[probe]") {
  CHECK(parse_plugin_output("").text.empty());
  CHECK(parse_plugin_output("no newline").text == "no newline");
  CHECK(parse_plugin_output("\n\n  first words\nmore").text == "first words");
  CHECK(parse_plugin_output("| a=1").metrics.size() == 1);
  CHECK(parse_plugin_output("windows\r\nmore\r\n").details == "more");
  CHECK(parse_plugin_output("a | b | c=1").bad == std::vector<std::string>{"b", "|"});
}

TEST_CASE("perfdata: there is a bound on everything", "[probe]") {
  std::string many = "OK |";
  for (int i = 0; i < 5000; ++i) many += " m" + std::to_string(i) + "=1 bad";
  const PluginOutput out = parse_plugin_output(many);
  CHECK(out.metrics.size() == PluginOutput::kMostMetrics);
  CHECK(out.bad.size() <= 20);
  const PluginOutput big =
      parse_plugin_output(std::string(60'000, 'x') + "\n" + std::string(60'000, 'y') + "\n| " +
                          std::string(60'000, 'z') + "=1");
  CHECK(big.text.size() <= 520);
  CHECK(big.details.size() <= Result::kMostDetails);
  CHECK(big.metrics.front().name.size() <= 132);
}

TEST_CASE("perfdata: hostile bytes are made fit for people", "[probe]") {
  const PluginOutput out = parse_plugin_output("a\x1b[31m\xff\0b | 'l\x07'=1\nd\x1b"s);
  for (const std::string& text : {out.text, out.details, out.metrics.front().name}) {
    CHECK(is_valid_utf8(text));
    CHECK(text.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("perfdata: any bytes give printable texts and finite numbers", "[probe]") {
  rc::prop("of any bytes", [](const std::string& noise) {
    const auto bits = *rc::gen::container<std::string>(
        rc::gen::elementOf(std::string("ab'=;|:@~ .-19eU%\n\\\xc3\xa9")));
    for (const std::string& text : {noise, bits, "x | " + bits}) {
      const PluginOutput out = parse_plugin_output(text);
      RC_ASSERT(is_valid_utf8(out.text));
      RC_ASSERT(is_valid_utf8(out.details));
      for (const Metric& metric : out.metrics) {
        RC_ASSERT(std::isfinite(metric.value));
        RC_ASSERT(is_valid_utf8(metric.name) && !metric.name.empty());
        RC_ASSERT(is_valid_utf8(metric.unit));
        RC_ASSERT(is_valid_utf8(metric.warn + metric.crit));
      }
    }
  });
}

}  // namespace tocsin
