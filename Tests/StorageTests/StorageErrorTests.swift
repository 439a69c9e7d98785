import Storage
import Testing

@Suite struct StorageErrorTests {
  static let all: [StorageError] = [
    .outputExists(path: "/p"), .foreignState(path: "/p"), .hardLinked(path: "/p"),
    .locked(path: "/p"),
    .diskFull(path: "/p"), .fileTooLarge(path: "/p"), .notAFolder(path: "/p"),
    .notAFile(path: "/p"), .symlink(path: "/p"), .pathTooLong(path: "/p"),
    .permissionDenied(path: "/p"), .readOnly(path: "/p"), .tooManyOpenFiles(path: "/p"),
    .folderMissing(path: "/p"), .fileMissing(path: "/p"), .changedUnderneath(path: "/p"),
    .folderRemoved(path: "/p"), .folderMoved(path: "/p"), .cannotReserve(path: "/p"),
    .io(path: "/p", call: "pread", errno: 5),
  ]

  @Test(arguments: all)
  func descriptionIsOneClauseThatNamesThePath(error: StorageError) {
    #expect(error.description.contains("/p"))
    #expect(!error.description.hasSuffix("."))
    #expect(error.description.first?.isUppercase == false)
  }

  @Test func ioErrorNamesTheCallAndTheReason() {
    let error = StorageError.io(path: "/p", call: "pread", errno: 5)
    #expect(error.description == "pread failed on /p: input/output error")
  }
}
