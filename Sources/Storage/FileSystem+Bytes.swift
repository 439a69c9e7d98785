/// Reads and writes in as many calls as it takes.
extension FileSystem {
  /// Reads into a whole buffer; returns the number of bytes, which is smaller at the end of a file.
  func readFully(
    _ file: Descriptor, into buffer: UnsafeMutableRawBufferPointer, at offset: Int64
  ) throws(SystemCallError) -> Int {
    var count = 0
    while count < buffer.count {
      let read = try unsafe read(
        file, into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]),
        at: offset + Int64(count))
      if read == 0 { break }
      count += read
    }
    return count
  }

  /// Reads up to `count` bytes from the start of a file.
  func readBytes(_ file: Descriptor, count: Int) throws(SystemCallError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let start = done
      let read = try unsafe bytes.withUnsafeMutableBufferPointer { buffer throws(SystemCallError) in
        let rest = unsafe UnsafeMutableRawBufferPointer(
          rebasing: UnsafeMutableRawBufferPointer(buffer)[start...])
        return try unsafe self.read(file, into: rest, at: Int64(start))
      }
      if read == 0 { break }
      done += read
    }
    return Array(bytes.prefix(done))
  }

  /// Writes bytes at the start of a file.
  func writeBytes(_ bytes: [UInt8], to file: Descriptor) throws(SystemCallError) {
    var done = 0
    while done < bytes.count {
      let start = done
      unsafe done += try bytes.withUnsafeBufferPointer { buffer throws(SystemCallError) in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[start...])
        return try unsafe write(file, rest, at: Int64(start))
      }
    }
  }
}
