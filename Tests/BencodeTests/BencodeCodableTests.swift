import Bencode
import Testing

@Suite struct BencodeCodableTests {
  private struct Reply: Codable, Equatable {
    var interval: Int
    var minInterval: UInt16?
    var peers: BencodeBytes
    var trackerID: String?
    var nested: [String: [Int8]]
    var flag: Bool

    enum CodingKeys: String, CodingKey {
      case interval
      case minInterval = "min interval"
      case peers
      case trackerID = "tracker id"
      case nested
      case flag
    }
  }

  private func decode<Value: Decodable>(
    _ type: Value.Type, _ text: String
  ) throws(BencodeError) -> Value {
    try BencodeDecoder().decode(type, from: Array(text.utf8))
  }

  private func error<Value: Decodable>(_ type: Value.Type, _ text: String) -> BencodeError? {
    do {
      _ = try decode(type, text)
      return nil
    } catch {
      return error
    }
  }

  @Test func typesAreWrittenCanonicallyAndReadBack() throws {
    let reply = Reply(
      interval: 1800, minInterval: nil, peers: BencodeBytes([0xFF, 0, 0x80]), trackerID: "é",
      nested: ["b": [1, -2], "a": []], flag: true)
    let bytes = try BencodeEncoder().encode(reply)
    let expected =
      Array("d4:flagi1e8:intervali1800e6:nestedd1:ale1:bli1ei-2eee5:peers3:".utf8)
      + [0xFF, 0, 0x80] + Array("10:tracker id2:é".utf8) + Array("e".utf8)
    #expect(bytes == expected)
    #expect(try BencodeDecoder().decode(Reply.self, from: bytes) == reply)
  }

  @Test func unknownKeysAreIgnored() throws {
    struct One: Decodable { var a: Int }
    #expect(try decode(One.self, "d1:ai1e1:bli2eee").a == 1)
  }

  @Test func binaryStringsAreSlicesOfTheInput() throws {
    struct One: Decodable { var pieces: BencodeBytes }
    #expect(try decode(One.self, "d6:pieces4:abcde").pieces.slice.startIndex == 11)
  }

  @Test func integersMustFitTheirType() throws {
    #expect(try decode(Int64.self, "i-9223372036854775808e") == .min)
    #expect(try decode(UInt8.self, "i255e") == 255)
    #expect(
      error(UInt8.self, "i256e")
        == .invalidValue("256 does not fit UInt8", path: BencodePath()))
    #expect(error(UInt.self, "i-1e") != nil)
    #expect(error(Bool.self, "i2e") != nil)
    #expect(error(Double.self, "i2e") != nil)
  }

  @Test func textMustBeValidUTF8() {
    let bytes: [UInt8] = [0x31, 0x3A, 0xFF]
    #expect(throws: BencodeError.self) { try BencodeDecoder().decode(String.self, from: bytes) }
  }

  @Test func aWrongTypeIsReportedWithItsPath() {
    let path = BencodePath([.key([0x61]), .index(1)])
    #expect(
      error([String: [Int]].self, "d1:ali1e1:xee")
        == .typeMismatch(expected: "an integer", path: path))
  }

  @Test func aMissingKeyIsReported() {
    struct Inner: Decodable { var x: Int }
    struct Outer: Decodable { var list: [Inner] }
    #expect(
      error(Outer.self, "d4:listldeee")
        == .missingKey("x", path: BencodePath([.key(Array("list".utf8)), .index(0)])))
  }

  @Test func anotherTypeCanBeTriedAfterAMismatch() throws {
    enum Either: Decodable, Equatable {
      case number(Int)
      case bytes(BencodeBytes)

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        // Not a number: the other form is read instead.
        if let number = try? container.decode(Int.self) {
          self = .number(number)
        } else {
          self = .bytes(try container.decode(BencodeBytes.self))
        }
      }
    }
    #expect(try decode([Either].self, "li1e1:ae") == [.number(1), .bytes("a")])
  }

  @Test func numbersBeyondSixtyFourBitsAreNotWritten() {
    #expect(throws: BencodeError.self) { try BencodeEncoder().encode(UInt64.max) }
    #expect(throws: BencodeError.self) { try BencodeEncoder().encode(1.5) }
    #expect(throws: BencodeError.self) { try BencodeEncoder().encode([Int?.none]) }
  }

  @Test func nestedContainersAreWrittenAndRead() throws {
    struct Pair: Codable, Equatable {
      var host: String
      var port: UInt16

      init(host: String, port: UInt16) {
        self.host = host
        self.port = port
      }

      init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        host = try container.decode(String.self)
        port = try container.decode(UInt16.self)
      }

      func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(host)
        try container.encode(port)
      }
    }
    let pairs = [Pair(host: "a", port: 1), Pair(host: "b", port: 65535)]
    let bytes = try BencodeEncoder().encode(pairs)
    #expect(bytes == Array("ll1:ai1eel1:bi65535eee".utf8))
    #expect(try BencodeDecoder().decode([Pair].self, from: bytes) == pairs)
    #expect(throws: BencodeError.self) { try decode([Pair].self, "ll1:aee") }
  }

  @Test func keysAreSortedByTheirBytes() throws {
    let bytes = try BencodeEncoder().encode(["é": 1, "z": 2, "Z": 3, "": 4])
    #expect(bytes == Array("d0:i4e1:Zi3e1:zi2e2:éi1ee".utf8))
  }

  @Test func encodedBytesGoIntoATreeUnchanged() {
    let tree: BencodeTree = ["info": .encoded(Array("d1:b0:1:a0:e".utf8)), "a": [1, "x"]]
    #expect(tree.encodedBytes == Array("d1:ali1e1:xe4:infod1:b0:1:a0:ee".utf8))
  }
}
