// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/language.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "notify/notify_fixture.h"
#include "notify/text.h"
#include "util/text.h"

namespace tocsin {
namespace {

using Lines = std::vector<std::string>;

std::set<std::string> parts_of(std::string_view text) {
  std::set<std::string> out;
  for (auto begin = text.find('{'); begin != text.npos; begin = text.find('{', begin + 1)) {
    const auto end = text.find('}', begin);
    REQUIRE(end != text.npos);
    out.insert(std::string(text.substr(begin, end - begin + 1)));
  }
  return out;
}

Locale in(std::string_view code, std::string_view zone = "UTC") {
  Locale out;
  out.language = find_language(code);
  REQUIRE(out.language != nullptr);
  const auto found = TimeZone::find(zone);
  REQUIRE(found);
  out.time_zone = *found;
  return out;
}

WallTime at(std::chrono::year_month_day day, Millis time) {
  return WallTime{std::chrono::sys_days{day}} + time;
}

std::string first_in(std::string_view code, Kind kind) {
  return first_line(a_message(kind), *find_language(code));
}

Lines body_in(std::string_view code, const Message& message, std::optional<Millis> late = {}) {
  return body_lines(message, message.decided_at, late, in(code, "Europe/Berlin"));
}

Message complete(Kind kind) {
  Message message = a_message(kind);
  message.durable = false;
  if (kind == Kind::down) message.from = State::degraded;
  return message;
}

}  // namespace

TEST_CASE("language: each has every phrase, with the parts of the English one", "[notify]") {
  for (const Language* language : languages()) {
    INFO(language->code);
    for (std::size_t i = 0; i < kPhraseCount; ++i) {
      const std::string_view text = language->phrases[i];
      INFO(english().phrases[i]);
      INFO(text);
      CHECK(parts_of(text) == parts_of(english().phrases[i]));
      CHECK(std::count(text.begin(), text.end(), '{') == std::count(text.begin(), text.end(), '}'));
      CHECK(printable(text, text.size()) == text);
    }
    CHECK(parts_of(language->date) == std::set<std::string>{"{year}", "{month}", "{day}"});
    const DurationUnits& units = language->units;
    const std::set<std::string_view> all{units.ms, units.s, units.min, units.h, units.d};
    CHECK(all.size() == 5);
    CHECK_FALSE(all.contains(""));
  }
}

TEST_CASE("language: another language is other words, but for what is the same in both",
          "[notify]") {
  for (const Language* language : languages()) {
    if (language == &english()) continue;
    INFO(language->code);
    std::size_t same = 0;
    for (std::size_t i = 0; i < kPhraseCount; ++i) {
      same += language->phrases[i] == english().phrases[i] ? 1 : 0;
    }
    CHECK(same <= 4);
  }
}

TEST_CASE("language: they are found by their codes, which are sorted", "[notify]") {
  std::vector<std::string_view> codes;
  for (const Language* language : languages()) {
    codes.push_back(language->code);
    CHECK(find_language(language->code) == language);
  }
  CHECK(std::is_sorted(codes.begin(), codes.end()));
  CHECK(codes == std::vector<std::string_view>{"de", "en", "es", "fr"});
  CHECK(find_language("english") == nullptr);
  CHECK(find_language("") == nullptr);
  CHECK(english().code == "en");
}

TEST_CASE("language: parts are filled in once, and a value's braces are text", "[notify]") {
  CHECK(say(english(), Phrase::still, {{"state", "{state} {secret} {"}}) ==
        "still {state} {secret} {");
  CHECK(say(english(), Phrase::still) == "still ");
  CHECK(say(english(), Phrase::still, {{"stat", "DOWN"}}) == "still ");
}

TEST_CASE("language: durations have the language's units, two at the most", "[notify]") {
  using namespace std::chrono_literals;
  CHECK(duration_text(*find_language("fr"), 49h) == "2 j 1 h");
  CHECK(duration_text(*find_language("de"), 49h) == "2 d 1 h");
  CHECK(duration_text(*find_language("fr"), 48h) == "2 j");
  CHECK(duration_text(*find_language("es"), 200min) == "3 h 20 min");
  CHECK(duration_text(*find_language("fr"), 350ms) == "350 ms");
  CHECK(duration_text(english(), -5s) == "0 ms");
  for (const Millis time : {0ms, 999ms, 1000ms, 61'000ms, 600'000ms, 3'600'000ms, 90'000'000ms}) {
    CHECK(duration_text(english(), time) == human_duration(time));
  }
}

TEST_CASE("language: English in UTC is what logs and the page say", "[notify]") {
  for (const WallTime time : {WallTime{}, a_message(Kind::down).decided_at,
                              WallTime{std::chrono::milliseconds{4'102'444'799'999}}}) {
    CHECK(time_text({}, time) == human_time(time));
  }
}

TEST_CASE("language: dates are written as there, at the clocks' time there", "[notify]") {
  using namespace std::chrono_literals;
  const WallTime time = at(2026y / 1 / 2, 3h + 4min + 5s + 678ms);
  CHECK(time_text(in("en", "Europe/Berlin"), time) == "2026-01-02 04:04:05 CET");
  CHECK(time_text(in("de", "Europe/Berlin"), time) == "02.01.2026 04:04:05 CET");
  CHECK(time_text(in("fr", "Europe/Paris"), time) == "02/01/2026 04:04:05 CET");
  CHECK(time_text(in("es", "Europe/Madrid"), time) == "02/01/2026 04:04:05 CET");
  CHECK(time_text(in("es", "America/Sao_Paulo"), time) == "02/01/2026 00:04:05 -03");
  CHECK(time_text(in("en", "Asia/Kolkata"), time) == "2026-01-02 08:34:05 IST");
  // The day before, the day after, and half an hour more.
  CHECK(time_text(in("en", "America/Los_Angeles"), time) == "2026-01-01 19:04:05 PST");
  CHECK(time_text(in("en", "Pacific/Kiritimati"), time) == "2026-01-02 17:04:05 +14");
  CHECK(time_text(in("en", "Australia/Lord_Howe"), time) == "2026-01-02 14:04:05 +11");
  CHECK(time_text(in("de"), time) == "02.01.2026 03:04:05 UTC");
  CHECK(clock_text(in("de", "Europe/Berlin"), time) == "04:04:05");
  CHECK(clock_text(in("en"), WallTime{} - 1ms) == "23:59:59");
}

TEST_CASE("language: an hour that comes twice is told apart, one that is left out is not told",
          "[notify]") {
  using namespace std::chrono_literals;
  const Locale berlin = in("de", "Europe/Berlin");
  const auto spring = 2026y / 3 / 29;
  CHECK(time_text(berlin, at(spring, 1h - 1ms)) == "29.03.2026 01:59:59 CET");
  CHECK(time_text(berlin, at(spring, 1h)) == "29.03.2026 03:00:00 CEST");
  const auto autumn = 2026y / 10 / 25;
  CHECK(time_text(berlin, at(autumn, 30min)) == "25.10.2026 02:30:00 CEST");
  CHECK(time_text(berlin, at(autumn, 1h - 1ms)) == "25.10.2026 02:59:59 CEST");
  CHECK(time_text(berlin, at(autumn, 1h)) == "25.10.2026 02:00:00 CET");
  CHECK(time_text(berlin, at(autumn, 90min)) == "25.10.2026 02:30:00 CET");
  // Midnight there is another day here.
  CHECK(time_text(berlin, at(2026y / 12 / 31, 23h)) == "01.01.2027 00:00:00 CET");
  const Locale york = in("en", "America/New_York");
  CHECK(time_text(york, at(2026y / 11 / 1, 5h + 30min)) == "2026-11-01 01:30:00 EDT");
  CHECK(time_text(york, at(2026y / 11 / 1, 6h + 30min)) == "2026-11-01 01:30:00 EST");
}

TEST_CASE("language: German, whole", "[notify]") {
  CHECK(first_in("de", Kind::down) == "🔴 DOWN web-01 — connection refused (127.0.0.1:8080)");
  CHECK(first_in("de", Kind::up) ==
        "✅ UP web-01 — war 31 min lang DOWN: connection refused (127.0.0.1:8080)");
  CHECK(first_in("de", Kind::over) ==
        "✅ UP (war DOWN) web-01 — 31 min lang ausgefallen: connection refused (127.0.0.1:8080)");
  CHECK(first_in("de", Kind::reminder) ==
        "🔁 REMINDER web-01 — weiterhin DOWN: connection refused (127.0.0.1:8080)");
  CHECK(first_in("de", Kind::unwatched) ==
        "⏹️ NO LONGER WATCHED web-01 — war DOWN: connection refused (127.0.0.1:8080)");
  CHECK(body_in("de", complete(Kind::down), std::chrono::minutes{12}) ==
        Lines{"Ziel: 127.0.0.1:8080",
              "seit 02.01.2026 04:03:50 CET (vor 15 s), 3 Prüfungen fehlgeschlagen",
              "vorher DEGRADED", "Vorfall 42", "Anleitung: https://wiki.example.net/shop",
              "Beschreibung: the web shop", "Labels: team=shop, tier=front",
              "12 min verspätet zugestellt",
              "nicht gesichert (nicht auf der Festplatte): nach einem Neustart kann dies fehlen "
              "oder noch einmal kommen",
              "gemeldet von mon-1"});
  CHECK(body_in("de", a_message(Kind::up)) ==
        Lines{"Ziel: 127.0.0.1:8080",
              "Dauer 31 min: 02.01.2026 03:33:05 CET bis 02.01.2026 04:04:05 CET", "jetzt: 200 OK",
              "Vorfall 42", "Anleitung: https://wiki.example.net/shop",
              "Beschreibung: the web shop", "Labels: team=shop, tier=front", "gemeldet von mon-1"});
}

TEST_CASE("language: French, whole", "[notify]") {
  CHECK(first_in("fr", Kind::up) ==
        "✅ UP web-01 — était DOWN pendant 31 min : connection refused (127.0.0.1:8080)");
  CHECK(first_in("fr", Kind::over) ==
        "✅ UP (était DOWN) web-01 — en panne pendant 31 min : connection refused "
        "(127.0.0.1:8080)");
  CHECK(first_in("fr", Kind::reminder) ==
        "🔁 REMINDER web-01 — toujours DOWN : connection refused (127.0.0.1:8080)");
  CHECK(body_in("fr", complete(Kind::down), Millis{0}) ==
        Lines{"cible : 127.0.0.1:8080",
              "depuis le 02/01/2026 04:03:50 CET (il y a 15 s), 3 vérifications en échec",
              "auparavant DEGRADED", "incident 42", "procédure : https://wiki.example.net/shop",
              "description : the web shop", "étiquettes : team=shop, tier=front", "remis en retard",
              "non enregistré sur le disque : un redémarrage peut perdre ou répéter ce message",
              "signalé par mon-1"});
  CHECK(body_in("fr", a_message(Kind::over))[1] ==
        "durée 31 min : du 02/01/2026 03:33:05 CET au 02/01/2026 04:04:05 CET");
}

TEST_CASE("language: Spanish, whole", "[notify]") {
  CHECK(first_in("es", Kind::up) ==
        "✅ UP web-01 — estuvo DOWN durante 31 min: connection refused (127.0.0.1:8080)");
  CHECK(first_in("es", Kind::over) ==
        "✅ UP (estaba DOWN) web-01 — caído durante 31 min: connection refused (127.0.0.1:8080)");
  CHECK(first_in("es", Kind::reminder) ==
        "🔁 REMINDER web-01 — sigue DOWN: connection refused (127.0.0.1:8080)");
  Message message = complete(Kind::down);
  message.failed_probes = 1;
  CHECK(body_in("es", message, std::chrono::minutes{12}) ==
        Lines{"objetivo: 127.0.0.1:8080",
              "desde el 02/01/2026 04:03:50 CET (hace 15 s), 1 comprobación fallida",
              "antes DEGRADED", "incidente 42", "procedimiento: https://wiki.example.net/shop",
              "descripción: the web shop", "etiquetas: team=shop, tier=front",
              "entregado con 12 min de retraso",
              "no guardado en disco: un reinicio puede perder o repetir este mensaje",
              "avisado por mon-1"});
}

TEST_CASE("language: what flaps, and a note, in each", "[notify]") {
  Message message = a_message(Kind::flapping);
  message.note = "held back by a silence";
  for (int i = 0; i < 9; ++i) message.note += "\nline " + std::to_string(i);
  const auto is = [&](const char* code, const char* left_out, const char* now) {
    INFO(code);
    CHECK(first_in(code, Kind::flapping) ==
          "🌊 FLAPPING web-01 — connection refused (127.0.0.1:8080)");
    const Lines lines = body_in(code, message);
    CHECK(lines[0] == "held back by a silence");
    CHECK(lines[7] == left_out);
    CHECK(lines[10] == now);
  };
  is("en", "… (3 lines)", "now: DOWN");
  is("de", "… (3 Zeilen)", "jetzt: DOWN");
  is("fr", "… (3 lignes)", "maintenant : DOWN");
  is("es", "… (3 líneas)", "ahora: DOWN");
}

TEST_CASE("language: what is left out of many is said in it", "[notify]") {
  Message message = a_message(Kind::info);
  for (int i = 0; i < 20; ++i) message.details += "line\n";
  const auto has = [](const Lines& lines, const char* line) {
    return std::find(lines.begin(), lines.end(), line) != lines.end();
  };
  CHECK(has(body_in("de", message), "… (8 Zeilen)"));
  CHECK(has(body_in("fr", message), "… (8 lignes)"));
  CHECK(has(body_in("es", message), "… (8 líneas)"));
  message = a_message(Kind::digest);
  for (int i = 0; i < 203; ++i) message.reason += "\nDOWN: c" + std::to_string(i);
  CHECK(has(body_in("de", message), "… und 3 weitere"));
  CHECK(has(body_in("fr", message), "… et 3 de plus"));
  CHECK(has(body_in("es", message), "… y 3 más"));
}

TEST_CASE("language: hostile values stay on their line in each", "[notify]") {
  for (const Language* language : languages()) {
    for (const Kind kind : kKinds) {
      Message message = hostile_message(kind, hostile_text() + std::string(1 << 16, 'x'));
      message.details = message.note = hostile_text();
      Lines lines = body_in(language->code, message, Millis{0});
      lines.push_back(first_line(message, *language));
      for (const std::string& line : lines) CHECK(printable(line, line.size()) == line);
    }
  }
}

}  // namespace tocsin
