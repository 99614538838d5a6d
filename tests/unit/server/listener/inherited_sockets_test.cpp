#include "server/listener/inherited_sockets.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <vector>

#include "server/listener/listening_socket.hpp"
#include "tests/support/peer.hpp"
#include "tests/support/temp_dir.hpp"

namespace weir {
namespace {

using Owner = InheritedGroup::Owner;

ListenerConfig listener_on(const std::string& bind) {
  ListenerConfig config;
  config.name = "test";
  config.bind.push_back(parse_address(bind, AddressUse::bind, Ports::range));
  return config;
}

ListeningSocket open_one(const std::string& bind, std::size_t workers = 2) {
  return std::move(open_listening_sockets(listener_on(bind), 16, workers).front());
}

Endpoint any_port(Endpoint endpoint) {
  endpoint.set_port(0);
  return endpoint;
}

TEST(InheritedSockets, AreFoundByWhereTheyListenOnce) {
  const ListeningSocket one = open_one("127.0.0.1:0");
  const ListeningSocket other = open_one("127.0.0.1:0");
  InheritedSockets sockets;
  sockets.add(Owner::listener, "one", 0, false, one.descriptors());
  sockets.add(Owner::listener, "other", 0, false, other.descriptors());
  EXPECT_TRUE(sockets.take(Endpoint(), false, "one").empty());
  EXPECT_EQ(sockets.take(one.endpoint(), false, "renamed").size(), 2u);
  EXPECT_TRUE(sockets.take(one.endpoint(), false, "renamed").empty());
  EXPECT_THAT(sockets.left(), testing::ElementsAre(1));
  EXPECT_FALSE(sockets.occupies(one.endpoint().port()));
  EXPECT_TRUE(sockets.occupies(other.endpoint().port()));
}

TEST(InheritedSockets, APortThatWasPickedStaysWithItsListener) {
  const ListeningSocket asked = open_one("127.0.0.1:0");
  const ListeningSocket named = open_one("127.0.0.1:0");
  InheritedSockets sockets;
  sockets.add(Owner::listener, "named", 0, false, named.descriptors());
  sockets.add(Owner::listener, "asked", 0, true, asked.descriptors());
  const Endpoint any = any_port(asked.endpoint());
  EXPECT_TRUE(sockets.take(any, false, "named").empty()) << "its port was not picked";
  EXPECT_TRUE(sockets.take(any, false, "another").empty());
  EXPECT_TRUE(sockets.take_admin(any, false).empty());
  EXPECT_EQ(sockets.take(any, false, "asked").size(), 2u);
}

TEST(InheritedSockets, TheAdminEndpointsAndTheServiceManagersHaveOwnersOfTheirOwn) {
  const ListeningSocket admin = open_one("127.0.0.1:0", 1);
  const ListeningSocket managed = open_one("127.0.0.1:0", 1);
  InheritedSockets sockets;
  sockets.add(Owner::admin, "", 0, true, admin.descriptors());
  sockets.add(Owner::service_manager, "web", 0, false, managed.descriptors());
  EXPECT_TRUE(sockets.take(any_port(admin.endpoint()), false, "").empty());
  EXPECT_TRUE(sockets.take(managed.endpoint(), false, "web").empty());
  EXPECT_EQ(sockets.take_admin(any_port(admin.endpoint()), false).size(), 1u);
  const ListeningSocket group = open_one("127.0.0.1:0", 2);
  InheritedSockets groups;
  groups.add(Owner::listener, "group", 0, false, group.descriptors());
  EXPECT_TRUE(groups.take_admin(group.endpoint(), false).empty()) << "it accepts from one socket alone";
  const std::vector<HandedOverSocket> named = sockets.take_service_managers();
  ASSERT_EQ(named.size(), 1u);
  EXPECT_EQ(named[0].name, "web");
  EXPECT_EQ(local_endpoint(named[0].descriptor.get()), managed.endpoint());
  EXPECT_THAT(sockets.left(), testing::IsEmpty());
}

TEST(InheritedSockets, FilesAndBothFamiliesAreToldApart) {
  const test::TempDir dir;
  const ListeningSocket file = open_one("unix:" + dir.file("socket"), 1);
  InheritedSockets sockets;
  sockets.add(Owner::listener, "file", 0, false, file.descriptors());
  if (ipv6_available()) {
    const ListeningSocket both = open_one(":0", 1);
    sockets.add(Owner::listener, "both", 0, false, both.descriptors());
    EXPECT_TRUE(sockets.take(both.endpoint(), false, "both").empty());
    EXPECT_EQ(sockets.take(both.endpoint(), true, "both").size(), 1u);
  }
  EXPECT_EQ(sockets.take(file.endpoint(), false, "file").size(), 1u);
}

TEST(InheritedSockets, AreCopiesThatListenWhenTheFirstAreClosed) {
  Endpoint endpoint;
  InheritedSockets copy;
  {
    const ListeningSocket open = open_one("127.0.0.1:0");
    endpoint = open.endpoint();
    copy.add(Owner::listener, "test", 3, true, open.descriptors());
  }
  EXPECT_NO_THROW(test::Peer::connect(endpoint));
  ASSERT_EQ(copy.groups().size(), 1u);
  EXPECT_EQ(copy.groups()[0].index, 3u);
  EXPECT_TRUE(copy.groups()[0].any_port);
  copy.close({0, 7});
  EXPECT_THAT(copy.left(), testing::IsEmpty());
  EXPECT_THROW(test::Peer::connect(endpoint), std::system_error);
}

TEST(InheritedSockets, AListenerTakesItsGroupOverAndGrowsIt) {
  const ListenerConfig config = listener_on("127.0.0.1:0");
  std::vector<ListeningSocket> before = open_listening_sockets(config, 16, 2);
  const Endpoint endpoint = before[0].endpoint();
  for (const std::size_t workers : {1U, 2U, 5U}) {
    InheritedSockets sockets;
    sockets.add(Owner::listener, "test", 0, true, before[0].descriptors());
    const std::vector<ListeningSocket> after = open_listening_sockets(config, 16, workers, {}, &sockets);
    ASSERT_EQ(after.size(), 1u);
    EXPECT_EQ(after[0].endpoint(), endpoint);
    EXPECT_EQ(after[0].descriptors().size(), std::max<std::size_t>(workers, 2));
    std::size_t all = 0;
    for (std::size_t worker = 0; worker < workers; ++worker) {
      const std::size_t its = after[0].descriptors_of(worker, workers).size();
      EXPECT_GE(its, 1u) << "each worker accepts";
      all += its;
    }
    EXPECT_EQ(all, after[0].descriptors().size()) << "and no socket is left alone";
  }
}

TEST(InheritedSockets, ASocketThatIsPassedOnKeepsItsFileAndItsQueue) {
  const test::TempDir dir;
  const std::string path = dir.file("socket");
  InheritedSockets sockets;
  Endpoint endpoint;
  {
    ListeningSocket open = open_one("unix:" + path, 1);
    endpoint = open.endpoint();
    sockets.add(Owner::listener, "test", 0, false, open.descriptors());
    EXPECT_FALSE(open.is_handed_over());
    open.pass_on();
    EXPECT_TRUE(open.is_handed_over());
  }
  EXPECT_NO_THROW(test::Peer::connect(endpoint));
  {
    InheritedSockets again;
    again.add(Owner::listener, "test", 0, false, {sockets.groups()[0].sockets[0].get()});
    const std::vector<ListeningSocket> given_up =
        open_listening_sockets(listener_on("unix:" + path), 16, 1, {}, &again);
  }
  EXPECT_NO_THROW(test::Peer::connect(endpoint)) << "one that has not served leaves it";
  {
    std::vector<ListeningSocket> taken = open_listening_sockets(listener_on("unix:" + path), 16, 1, {}, &sockets);
    EXPECT_NO_THROW(test::Peer::connect(endpoint));
    taken[0].own_file();
  }
  EXPECT_THROW(test::Peer::connect(endpoint), std::system_error) << "the last one removes it";
}

}  // namespace
}  // namespace weir
