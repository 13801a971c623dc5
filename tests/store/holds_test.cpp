// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
//
// What is held back: rows of what was not told, and silences.
#include <catch2/catch.hpp>

#include "store/backlog.h"
#include "store/reader.h"
#include "store/trouble.h"
#include "support/memory_store.h"

namespace tocsin {
namespace {

using Ids = std::vector<std::int64_t>;
using Silences = std::vector<Silence>;

Ids ids(const std::vector<Withheld>& rows) {
  Ids out;
  for (const Withheld& row : rows) out.push_back(row.id);
  return out;
}

Withheld numbered(std::int64_t id, Withheld row) {
  row.id = id;
  return row;
}

Silences saved_in(const StorePlace& place, const Clock& clock) {
  return open_store(place.dir(), clock, {})->load().silences;
}

// What a Store promises of its lists, held by the real one and by the one of the tests.
void require_lists_in_pages(Store& store) {
  Change change;
  for (int i = 0; i < 10; ++i) change.withheld.push_back(withheld_row(i % 2 == 0 ? "a" : "b"));
  change.withheld[3].id = 99;  // the store gives the numbers
  store.commit(std::move(change), {});
  store.commit({.withheld = {withheld_row("ab")}}, {});
  store.flush();
  CHECK(ids(store.withheld("", 0, 3)) == Ids{11, 10, 9});
  CHECK(ids(store.withheld("", 9, 3)) == Ids{8, 7, 6});
  CHECK(ids(store.withheld("a", 0, 2)) == Ids{9, 7});
  CHECK(ids(store.withheld("a", 7, 100)) == Ids{5, 3, 1});
  CHECK(ids(store.withheld("ab", 0, 100)) == Ids{11});
  CHECK(store.withheld("c", 0, 100).empty());
  CHECK(store.withheld("", 1, 100).empty());
  CHECK(store.withheld("", 0, 0).empty());
  CHECK(store.withheld("", 0, -1).empty());
}

// How many rows of either kind another connection sees.
std::string rows_in(const StorePlace& place) {
  return sql(place.file(),
             "SELECT (SELECT count(*) FROM withheld) || ' ' || (SELECT count(*) FROM silences)");
}

}  // namespace

TEST_CASE("withheld: a row is there after a restart, field by field, and numbers go on",
          "[store]") {
  StorePlace place;
  FakeClock clock;
  Withheld bare;
  bare.check = "never told";
  bare.at = clock.wall();
  {
    const auto store = open_store(place.dir(), clock, {});
    CHECK(store->withheld("", 0, 10).empty());
    CHECK(commit_and_wait(*store, {.withheld = {withheld_row("web-01"), bare}}));
  }
  const auto store = open_store(place.dir(), clock, {});
  CHECK(store->withheld("", 0, 10) ==
        std::vector{numbered(2, bare), numbered(1, withheld_row("web-01"))});
  CHECK(commit_and_wait(*store, {.withheld = {bare}}));
  CHECK(ids(store->withheld("", 0, 10)) == Ids{3, 2, 1});
}

TEST_CASE("withheld: every reason, kind and state comes back", "[store]") {
  StorePlace place;
  FakeClock clock;
  const auto store = open_store(place.dir(), clock, {});
  std::vector<Withheld> rows;
  for (const Hold hold : kHolds) {
    rows.push_back(withheld_row("a"));
    rows.back().why = hold;
  }
  for (const Kind kind : kKinds) {
    rows.push_back(withheld_row("a"));
    rows.back().kind = kind;
  }
  for (const State state :
       {State::pending, State::up, State::degraded, State::down, State::unknown}) {
    rows.push_back(withheld_row("a"));
    rows.back().to = state;
  }
  CHECK(commit_and_wait(*store, {.withheld = rows}));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].id = static_cast<std::int64_t>(i) + 1;
  std::reverse(rows.begin(), rows.end());
  CHECK(store->withheld("a", 0, 100) == rows);
}

TEST_CASE("withheld: lists are newest first, in pages, and of one check", "[store]") {
  SECTION("in the database") {
    StorePlace place;
    FakeClock clock;
    require_lists_in_pages(*open_store(place.dir(), clock, {}));
  }
  SECTION("in the store of the tests") {
    MemoryStore store;
    require_lists_in_pages(store);
  }
}

TEST_CASE("withheld: what the disk refused is listed with what it holds, under one number",
          "[store]") {
  StorePlace place;
  FakeClock clock;
  Told told;
  const auto store = open_store(place.dir(), clock, told.events(), brisk());
  REQUIRE(commit_and_wait(*store, {.withheld = {withheld_row("a"), withheld_row("b")}}));
  {
    const ForeignLock lock(place.file());
    CHECK_FALSE(commit_and_wait(*store, {.withheld = {withheld_row("a")}}));
    CHECK_FALSE(commit_and_wait(*store, {.withheld = {withheld_row("b"), withheld_row("a")}}));
    CHECK(ids(store->withheld("", 0, 10)) == Ids{5, 4, 3, 2, 1});
    CHECK(ids(store->withheld("", 0, 2)) == Ids{5, 4});
    CHECK(ids(store->withheld("", 4, 2)) == Ids{3, 2});
    CHECK(ids(store->withheld("a", 0, 10)) == Ids{5, 3, 1});
    CHECK(ids(store->withheld("b", 4, 10)) == Ids{2});
  }
  clock.advance(std::chrono::seconds{6});
  REQUIRE(told.wait_for(2));
  CHECK(ids(store->withheld("", 0, 10)) == Ids{5, 4, 3, 2, 1});
  CHECK(ids(store->withheld("a", 0, 10)) == Ids{5, 3, 1});
  CHECK(sql(place.file(),
            "SELECT group_concat(id || check_name) FROM (SELECT * FROM withheld ORDER BY id)") ==
        "1a,2b,3a,4b,5a");
  CHECK(sql(place.file(), "SELECT value FROM counters WHERE name = 'withheld'") == "5");
}

TEST_CASE("withheld: what is in memory and on the disk at once is listed once", "[store]") {
  StorePlace place;
  FakeClock clock;
  const std::vector<Withheld> rows{numbered(1, withheld_row("a")), numbered(2, withheld_row("a"))};
  REQUIRE(commit_and_wait(*open_store(place.dir(), clock, {}), {.withheld = rows}));
  Backlog backlog(30);
  backlog.add({.withheld = {rows[1], numbered(3, withheld_row("a"))}});
  Reader reader(place.file(), backlog);
  reader.allow(false);
  CHECK(ids(reader.withheld("", 0, 10)) == Ids{3, 2, 1});
  CHECK(ids(reader.withheld("a", 3, 10)) == Ids{2, 1});
}

TEST_CASE("withheld: in memory the newest are kept, as many as are allowed", "[store]") {
  Backlog backlog(30);
  CHECK(backlog.empty());
  backlog.add({.incidents = {incident_record(1, true)}, .notifications = {notification(1)}});
  for (std::int64_t id = 1; id <= 1000; ++id) {
    backlog.add({.withheld = {numbered(id, withheld_row("a"))}});
  }
  CHECK_FALSE(backlog.empty());
  const std::vector<Withheld> rows = backlog.all().withheld;
  CHECK(rows.size() >= 10);
  CHECK(rows.size() <= 40);
  CHECK(rows.back().id == 1000);
  CHECK(rows.front().id == 1001 - static_cast<std::int64_t>(rows.size()));
  CHECK(backlog.incidents().size() == 1);
  CHECK(backlog.notifications().size() == 1);
  backlog.clear();
  CHECK(backlog.empty());
}

TEST_CASE("withheld: a row alone is something to keep, and so is a silence or its end", "[store]") {
  Backlog backlog(30);
  SECTION("a row") {
    backlog.add({.withheld = {numbered(1, withheld_row("a"))}});
  }
  SECTION("a silence") {
    backlog.add({.silences = {silence(1)}});
  }
  SECTION("its end") {
    backlog.add({.ended_silences = {1}});
  }
  CHECK_FALSE(backlog.empty());
}

TEST_CASE("silences: one is there after a restart, field by field", "[store]") {
  StorePlace place;
  FakeClock clock;
  Silence of_all;
  of_all.id = 9;
  const Silences silences{silence(1), silence(2), of_all};
  {
    const auto store = open_store(place.dir(), clock, {});
    CHECK(store->load().silences.empty());
    CHECK(store->load().last_silence == 0);
    CHECK(commit_and_wait(*store, {.silences = silences}));
  }
  const Saved saved = open_store(place.dir(), clock, {})->load();
  CHECK(saved.silences == silences);
  CHECK(saved.last_silence == 9);
}

TEST_CASE("silences: of many in one transaction the last word counts", "[store]") {
  StorePlace place;
  FakeClock clock;
  {
    const auto store = open_store(place.dir(), clock, {});
    CHECK(commit_and_wait(*store, {.silences = {silence(1), silence(2)}}));
    // What is queued while the writer is busy with the first makes one group.
    Change busy;
    for (int i = 0; i < 2000; ++i) busy.checks.push_back(check_record("x" + std::to_string(i)));
    store->commit(std::move(busy), {});
    Silence longer = silence(2);
    longer.until += std::chrono::hours{1};
    store->commit({.silences = {longer, silence(3), silence(4)}}, {});
    store->commit({.ended_silences = {1, 3}}, {});
    store->commit({.ended_silences = {4}}, {});
    store->commit({.silences = {silence(4)}}, {});
  }
  Silence longer = silence(2);
  longer.until += std::chrono::hours{1};
  CHECK(saved_in(place, clock) == Silences{longer, silence(4)});
}

TEST_CASE("silences: what the disk refused is written when it takes it again", "[store]") {
  StorePlace place;
  FakeClock clock;
  {
    const auto store = open_store(place.dir(), clock, {}, brisk());
    REQUIRE(commit_and_wait(*store, {.silences = {silence(1), silence(2)}}));
    {
      const ForeignLock lock(place.file());
      CHECK_FALSE(commit_and_wait(*store, {.silences = {silence(3)}}));
      CHECK_FALSE(commit_and_wait(*store, {.silences = {silence(4)}, .ended_silences = {1, 3}}));
      CHECK_FALSE(commit_and_wait(*store, {.silences = {silence(5)}}));
      CHECK_FALSE(commit_and_wait(*store, {.ended_silences = {5}}));
    }
  }
  const Saved saved = open_store(place.dir(), clock, {})->load();
  CHECK(saved.silences == Silences{silence(2), silence(4)});
  CHECK(saved.last_silence == 5);
}

TEST_CASE("silences: a row that cannot be read does not silence every check", "[store]") {
  StorePlace place;
  FakeClock clock;
  { const auto store = open_store(place.dir(), clock, {}); }
  const char* names = nullptr;
  const char* labels = "[]";
  std::size_t silences = 0;
  SECTION("no JSON") {
    names = "[\"web-*\"";
  }
  SECTION("no list") {
    names = "{}";
  }
  SECTION("nothing") {
    names = "";
  }
  SECTION("no text") {
    names = "[3]";
  }
  SECTION("a label without its pattern") {
    names = "[]";
    labels = "[\"team\"]";
  }
  SECTION("a label that is no text") {
    names = "[]";
    labels = "[\"team\", null]";
  }
  SECTION("while one that means every check does, and blanks do no harm") {
    names = "[ ]";
    silences = 1;
  }
  sql(place.file(), std::string("INSERT INTO silences VALUES (4, 0, '") + names + "', '" + labels +
                        "', 1, 2, 'bob', '')");
  const Saved saved = open_store(place.dir(), clock, {})->load();
  CHECK(saved.silences.size() == silences);
  CHECK(saved.last_silence == 4);
}

TEST_CASE("withheld: what somebody wrote into the table by hand harms nobody", "[store]") {
  StorePlace place;
  FakeClock clock;
  { const auto store = open_store(place.dir(), clock, {}); }
  sql(place.file(),
      "INSERT INTO withheld VALUES (5, 1767323045000, 'a', -1, 'earthquake', 'sideways', 'for "
      "fun', '', '{')");
  const auto store = open_store(place.dir(), clock, {});
  const auto rows = store->withheld("a", 0, 10);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].kind == Kind::daemon);
  CHECK(rows[0].to == State::pending);
  CHECK(rows[0].why == Hold::none);
  CHECK(rows[0].notifiers.empty());
  CHECK(commit_and_wait(*store, {.withheld = {withheld_row("b")}}));
  CHECK(store->withheld("b", 0, 10).at(0).id == 6);
}

TEST_CASE("withheld: hostile texts come back as texts", "[store]") {
  StorePlace place;
  FakeClock clock;
  const auto store = open_store(place.dir(), clock, {});
  Withheld row = withheld_row("a'; DROP TABLE withheld; --");
  row.detail = std::string("nul\0here", 8) + std::string(100'000, 'x');
  row.notifiers = {"\xC3\x28", "ops"};
  REQUIRE(commit_and_wait(*store, {.withheld = {row}}));
  const auto rows = store->withheld(row.check, 0, 10);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].detail.size() == row.detail.size());
  CHECK(rows[0].notifiers.size() == 2);
  CHECK(rows[0].notifiers[1] == "ops");
}

TEST_CASE("holds: a check's and what they led to are there together or not at all", "[store]") {
  StorePlace place;
  FakeClock clock;
  const auto store = open_store(place.dir(), clock, {}, brisk());
  REQUIRE(commit_and_wait(*store, {.silences = {silence(1)}}));
  const Change change{.checks = {held_record("a")},
                      .withheld = {withheld_row("a")},
                      .silences = {silence(2)},
                      .ended_silences = {1}};
  // The last statement of the transaction fails: nothing of it may stay.
  sql(place.file(),
      "CREATE TRIGGER refuses BEFORE INSERT ON silences BEGIN SELECT RAISE(ABORT, 'no'); END");
  CHECK_FALSE(commit_and_wait(*store, change));
  CHECK(rows_in(place) == "0 1");
  CHECK(sql(place.file(), "SELECT count(*) FROM checks") == "0");
  sql(place.file(), "DROP TRIGGER refuses");
  clock.advance(std::chrono::seconds{2});
  CHECK(commit_and_wait(*store, {}));
  CHECK(rows_in(place) == "1 1");
  CHECK(sql(place.file(), "SELECT id FROM silences") == "2");
  CHECK(sql(place.file(), "SELECT held_why FROM checks") == "parent_down");
}

TEST_CASE("holds: the store of the tests keeps what the real one keeps", "[store]") {
  MemoryStore store;
  store.commit({.checks = {held_record("a")},
                .incidents = {incident_record(1)},
                .silences = {silence(1), silence(2), silence(3)}},
               {});
  store.commit({.ended_silences = {1, 3}}, {});
  const Saved saved = store.saved();
  CHECK(saved.silences == Silences{silence(2)});
  CHECK(saved.last_silence == 3);
  CHECK(saved.checks.at(0).held == held_record("a").held);
  CHECK(saved.checks.at(0).flaps == held_record("a").flaps);
  CHECK(saved.open_incidents.at(0).told_at == incident_record(1).told_at);
}

TEST_CASE("holds: what was told in a digest and waits for its own line still does after a start",
          "[store]") {
  StorePlace place;
  FakeClock clock;
  DeliveryRecord waits = delivery(1, DeliveryStatus::waiting);
  waits.folded_into = 2;
  waits.next_at = WallTime{Millis{1'767'323'999'000}};
  const auto require_waiting = [&](const Saved& saved) {
    REQUIRE(saved.waiting.size() == 1);
    CHECK(saved.waiting[0].notification->id == 1);
    CHECK(saved.waiting[0].delivery.status == DeliveryStatus::waiting);
    CHECK(saved.waiting[0].delivery.folded_into == 2);
    CHECK(saved.waiting[0].delivery.next_at == waits.next_at);
  };
  const Change rows{.notifications = {notification(1), notification(2)},
                    .deliveries = {delivery(2, DeliveryStatus::sent), waits}};
  SECTION("from the disk, also when the digest's row is gone") {
    REQUIRE(commit_and_wait(*open_store(place.dir(), clock, {}), rows));
    sql(place.file(), "DELETE FROM notifications WHERE id = 2");
    require_waiting(open_store(place.dir(), clock, {})->load());
  }
  SECTION("by way of memory, when the disk refused it") {
    {
      const auto store = open_store(place.dir(), clock, {}, brisk());
      const ForeignLock lock(place.file());
      CHECK_FALSE(commit_and_wait(*store, rows));
      CHECK(store->notifications(0, 10, DeliveryStatus::waiting).size() == 1);
    }
    require_waiting(open_store(place.dir(), clock, {})->load());
  }
  SECTION("in the store of the tests") {
    MemoryStore store;
    store.commit(rows, {});
    require_waiting(store.saved());
  }
  SECTION("until its line is told, which keeps the digest's number") {
    const auto store = open_store(place.dir(), clock, {});
    REQUIRE(commit_and_wait(*store, rows));
    waits.status = DeliveryStatus::sent;
    REQUIRE(commit_and_wait(*store, {.deliveries = {waits}}));
    CHECK(store->notifications(0, 10, DeliveryStatus::waiting).empty());
    CHECK(store->notifications(2, 10, DeliveryStatus::sent).at(0).delivery.folded_into == 2);
  }
}

}  // namespace tocsin
