#include "server/upgrade/sockets_message.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <vector>

namespace weir::upgrade {
namespace {

using Owner = InheritedGroup::Owner;

std::vector<int> open_sockets(std::vector<io::Descriptor>& all, std::size_t count) {
  std::vector<int> numbers;
  for (std::size_t i = 0; i < count; ++i) {
    all.emplace_back(::socket(AF_INET, SOCK_STREAM, 0));
    numbers.push_back(all.back().get());
  }
  return numbers;
}

/// As the kernel does on the way.
std::vector<io::Descriptor> copies(const std::vector<int>& descriptors) {
  std::vector<io::Descriptor> made;
  for (const int descriptor : descriptors) made.emplace_back(::dup(descriptor));
  return made;
}

TEST(SocketsMessage, GroupsArriveWholeHoweverTheyAreCut) {
  std::vector<io::Descriptor> open;
  InheritedSockets sent;
  sent.add(Owner::listener, "a", 0, true, open_sockets(open, 3));
  sent.add(Owner::listener, "b", 1, false, open_sockets(open, 1));
  sent.add(Owner::admin, "", 0, false, open_sockets(open, 1));
  sent.add(Owner::service_manager, "fd", 0, false, open_sockets(open, 2));
  for (const std::size_t most : {1U, 2U, 3U, 4U, 7U, 250U}) {
    InheritedSockets received;
    const std::vector<SocketsMessage> messages = make_sockets_messages(sent, most);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      EXPECT_LE(messages[i].descriptors.size(), most);
      EXPECT_EQ(take_sockets(messages[i].text, copies(messages[i].descriptors), received), i + 1 == messages.size());
    }
    ASSERT_EQ(received.groups().size(), 4u) << most;
    for (std::size_t i = 0; i < 4; ++i) {
      const InheritedGroup& group = received.groups()[i];
      EXPECT_EQ(group.owner, sent.groups()[i].owner);
      EXPECT_EQ(group.name, sent.groups()[i].name);
      EXPECT_EQ(group.index, sent.groups()[i].index);
      EXPECT_EQ(group.any_port, sent.groups()[i].any_port);
      EXPECT_EQ(group.sockets.size(), sent.groups()[i].sockets.size());
    }
  }
}

TEST(SocketsMessage, NothingIsAMessageToo) {
  InheritedSockets received;
  const std::vector<SocketsMessage> messages = make_sockets_messages({}, 250);
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_TRUE(take_sockets(messages[0].text, {}, received));
  EXPECT_TRUE(received.empty());
}

TEST(SocketsMessage, WhatDoesNotFitIsAnError) {
  const std::string group = R"({"place":0,"owner":"listener","name":"a","index":0,"any_port":false,"count":2})";
  for (const std::string& text :
       {std::string("{}"), std::string(R"({"groups":[]})"), std::string(R"({"groups":[1],"last":true})"),
        std::string(R"({"groups":[{}],"last":true})"), R"({"groups":[)" + group + R"(],"last":true})",
        R"({"groups":[{"place":1,)" + group.substr(11) + R"(],"last":true})"}) {
    InheritedSockets received;
    EXPECT_THROW(take_sockets(boost::json::parse(text).as_object(), {}, received), std::runtime_error) << text;
  }
}

}  // namespace
}  // namespace weir::upgrade
